//! Protocol buffer files to the Sinew service model, without protoc.
//! It refuses to generate code: `sinew-codegen` and the message back end do.

mod aggregates;
mod builtin;
mod check;
mod editions;
mod errors;
mod extension_numbers;
mod extensions;
mod floats;
mod http;
mod keys;
mod link;
mod link_errors;
mod load;
mod lower;
mod meant;
mod names;
mod option_places;
mod options;
mod order;
mod parse;
mod patch;
mod places;
mod policies;
mod redacted;
mod routing;
mod scan;
mod scopes;
mod set;
mod source;
mod symbols;
mod tag;
mod wellformed;
mod wire;
mod written;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use prost_reflect::DescriptorPool;
use sinew_idl::{
    diag::{Diagnostic, Diagnostics, Severity, Span},
    model::Schema,
    naming,
};

use crate::load::Loaded;

/// What to compile.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The folders that imports start from; the first that has a file wins.
    pub roots: Vec<PathBuf>,
    /// The files to compile: relative to a root, or a path into one.
    pub files: Vec<PathBuf>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// All files, those imported too, and `google/protobuf/descriptor.proto` although none imports it. No import is
    /// public here: what a file sees through public imports is listed among its own dependencies.
    /// [`Self::descriptor_set`] has both as they were written.
    pub pool: DescriptorPool,
    /// An encoded `FileDescriptorSet` of all files, imports before what imports them, with source info and custom
    /// options.
    pub descriptor_set: Vec<u8>,
    /// The import names of the files asked for, sorted.
    pub roots: Vec<String>,
    /// The services of the files asked for, named; [`sinew_idl::model::TypeRef::rust`] is left empty.
    pub schema: Schema,
    /// The full names of the fields that must not be shown.
    pub redacted: BTreeSet<String>,
    /// What is probably not as intended, although code can be generated: extensions that are dropped,
    /// options that nothing acts on.
    pub warnings: Diagnostics,
    /// Every file read from disk, imports too.
    pub read_files: Vec<PathBuf>,
    /// Paths where nothing lies, and where a file would change the result.
    pub missing_candidates: Vec<PathBuf>,
}

/// Compiles `.proto` files.
///
/// # Errors
/// Everything that is wrong in any of the files, sorted by place.
pub fn compile(sources: &Sources) -> Result<Compiled, Diagnostics> {
    finish(load::load(sources), &BTreeMap::new(), check::check)
}

/// Takes a descriptor set that protoc or buf has built, for what the built-in compiler does not read: editions.
/// `files` are the import names to generate for; `None` means all that are not built in.
///
/// Built-in files stand in for imports that the set lacks. Without source info in the set there are no comments, and
/// diagnostics name only the file.
///
/// # Errors
/// Everything that is wrong in any of the files, sorted by place; the set may hold anything.
pub fn from_descriptor_set(
    bytes: &[u8],
    files: Option<&[String]>,
) -> Result<Compiled, Diagnostics> {
    let set = set::read(bytes, files);
    // Whoever built the set has checked it, by rules that may be newer than ours.
    finish(set.loaded, &set.encoded, |_, _, _| Vec::new())
}

fn finish(
    mut loaded: Loaded,
    encoded: &BTreeMap<String, Vec<u8>>,
    check: impl Fn(&DescriptorPool, &Loaded, &[String]) -> Vec<Diagnostic>,
) -> Result<Compiled, Diagnostics> {
    let order = order::order(&mut loaded);
    let linked = link::link(&mut loaded, &order, encoded);
    let mut found = std::mem::take(&mut loaded.found);
    let checked = check(&linked.pool, &loaded, &order);
    let (mut schema, policies) = lower::lower(&linked.pool, &loaded);
    let (warnings, errors): (Vec<_>, Vec<_>) = checked
        .into_iter()
        .chain(policies)
        .partition(|one| one.severity == Severity::Warning);
    found.extend(errors);
    if found.is_empty() {
        naming::assign(&mut schema);
        found.extend(names::clashes(&linked.pool, &loaded, &order));
        found.extend(naming::clashes(&schema));
    }
    if !found.is_empty() {
        return Err(Diagnostics::new(found, loaded.source_map()));
    }
    Ok(Compiled {
        warnings: Diagnostics::new(warnings, loaded.source_map()),
        redacted: redacted::redacted(&linked.pool, &loaded),
        pool: linked.pool,
        descriptor_set: linked.descriptor_set,
        roots: loaded.roots,
        schema,
        read_files: loaded.read_files.into_iter().collect(),
        missing_candidates: loaded.missing_candidates.into_iter().collect(),
    })
}

/// What a library says, with names quoted as we quote them.
fn quoted(message: &str) -> String {
    message.replace('\'', "`")
}

/// What to say when a library panics.
fn internal(file: &str, who: &str) -> Diagnostic {
    let message = format!("{who} failed on this file without saying why");
    Diagnostic::error("M0099", message, Span::file(file))
        .help("this is a defect of Sinew or of a library it uses: please report it with the file")
}
