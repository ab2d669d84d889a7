//! The way from options to files: find, compile, generate, lay out, write.
//! It refuses to know how any of it is done, and says nothing to cargo.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;
use sinew_codegen::Emit;
use sinew_idl::diag::{Diagnostic, Diagnostics, SourceMap, Span};
use sinew_idl_proto::{Compiled, Sources};

use crate::{
    Config, codes, descriptors,
    discover::{self, Input},
    layout::{self, Authors, Files},
    messages, redact,
    write::{self, Mode},
};

const CHECK: &str = "SINEW_CHECK";
const CI: &str = "CI";

/// What was done.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The file to include; the rest is in the folder `sinew` beside it.
    pub root: PathBuf,
    /// The files that were written or deleted, because they were not as they should be.
    pub changed: Vec<PathBuf>,
    /// The files that were read, imports too.
    pub read: Vec<PathBuf>,
    /// The full names of the services, sorted.
    pub services: Vec<String>,
    /// What is probably not as intended.
    pub warnings: Diagnostics,
}

/// A report or what is wrong, and in both cases what may change it.
pub(crate) struct Outcome {
    pub(crate) watched: BTreeSet<PathBuf>,
    /// The environment variables that matter.
    pub(crate) variables: &'static [&'static str],
    pub(crate) result: Result<Report, Diagnostics>,
}

pub(crate) fn run(config: Config) -> Outcome {
    let mut watched = BTreeSet::new();
    let variables: &[_] = if config.check_in.is_some() {
        &[CHECK, CI]
    } else {
        &[]
    };
    let result = report(config, &mut watched);
    Outcome {
        watched,
        variables,
        result,
    }
}

fn report(config: Config, watched: &mut BTreeSet<PathBuf>) -> Result<Report, Diagnostics> {
    let check_in = config.check_in.is_some();
    let (folder, mode) = target(&config)?;
    let authors = authors(&config);
    let Generated {
        files,
        read,
        services,
        warnings,
    } = generate(config, authors, watched)?;
    if check_in {
        // Somebody may edit or revert them.
        watched.extend(files.keys().map(|name| folder.join(name)));
    }
    Ok(Report {
        root: write::root(&folder),
        changed: write::sync(&folder, &files, mode)
            .map_err(|found| Diagnostics::new(found, SourceMap::default()))?,
        read,
        services,
        warnings,
    })
}

/// What there is before anything is written.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) files: Files,
    read: Vec<PathBuf>,
    services: Vec<String>,
    warnings: Diagnostics,
}

/// Compiles and generates, and writes nothing; what is to be watched is known after a failure, too.
pub(crate) fn generate(
    mut config: Config,
    authors: Authors,
    watched: &mut BTreeSet<PathBuf>,
) -> Result<Generated, Diagnostics> {
    let mut prost = prost(&mut config)?;
    let input = input(&config)?;
    // Every file by its own path, so that a changed one is noticed; the folder, so that a new one is (cargo compares
    // the times of everything in it, which is cheap for a folder of `.proto` files). Places where an import would be
    // taken from if there was a file cannot be listed: cargo takes a file that does not exist for one that has changed,
    // and would run the script every time.
    watched.extend(input.watched.iter().cloned());
    watched.extend(
        input
            .names
            .iter()
            .map(|name| input.root.join(name))
            .filter(|path| path.exists()),
    );
    watched.extend(config.descriptor_set.clone());
    watched.extend(config.service_configs.iter().cloned());
    let compiled = compile(&config, &input)?;
    // The pool is of no use to the generator, and of a large IDL it is hundreds of megabytes.
    let Compiled {
        pool,
        descriptor_set,
        roots,
        schema,
        redacted,
        warnings,
        read_files,
        ..
    } = compiled;
    drop(pool);
    watched.extend(read_files.iter().cloned());
    #[cfg(feature = "service-config")]
    let (schema, warnings) = match config.service_configs.as_slice() {
        [] => (schema, warnings),
        paths => crate::service_config::merge(paths, schema, warnings)?,
    };

    let set = FileDescriptorSet::decode(descriptor_set.as_slice());
    let embedded = descriptors::embed(&descriptor_set);
    drop(descriptor_set);
    let roots = BTreeSet::from_iter(roots);
    let (set, embedded) = match (set, embedded) {
        (Ok(set), Ok(embedded)) => (set, embedded),
        (Err(error), _) | (_, Err(error)) => {
            let message = format!("the descriptor set cannot be decoded: {error}");
            return Err(alone(Diagnostic::error(
                codes::BACK_END,
                message,
                Span::None,
            )));
        }
    };
    let emit = Emit {
        server: config.server,
        client: config.client,
        ..Emit::default()
    };
    let services: Vec<_> = schema
        .services
        .iter()
        .map(|s| s.full_name.clone())
        .collect();
    redact::mark(&mut prost, &set.file, &redacted);
    let files = messages::generate(prost, set.file, &roots, schema.services, emit)
        .and_then(|modules| layout::files(modules, embedded, authors))
        .map_err(|found| placed(found, &input))?;
    Ok(Generated {
        files,
        read: read_files,
        services,
        warnings,
    })
}

/// Whose words come into the generated code.
fn authors(config: &Config) -> Authors {
    let is_ours =
        !config.annotated && config.extern_paths.is_empty() && config.descriptor_set.is_none();
    if is_ours {
        Authors::Ours
    } else {
        Authors::Users
    }
}

/// Where to, and whether to write.
fn target(config: &Config) -> Result<(PathBuf, Mode), Diagnostics> {
    let committed = config.check_in.clone();
    let verify = config
        .verify
        .unwrap_or_else(|| committed.is_some() && is_checking());
    let folder = committed
        .or_else(|| config.out_dir.clone())
        .or_else(|| env::var_os("OUT_DIR").map(PathBuf::from));
    match folder {
        Some(folder) => Ok((folder, if verify { Mode::Verify } else { Mode::Write })),
        None => Err(wrong(
            "cargo's OUT_DIR is not set: this is no build script",
            "say where to write by `Config::out_dir`",
        )),
    }
}

/// What the environment says about committed code: only look, as in CI, or write.
fn is_checking() -> bool {
    match env::var(CHECK).as_deref() {
        Ok(value) => !["", "0"].contains(&value),
        Err(_) => env::var_os(CI).is_some(),
    }
}

/// What users chose for messages, in the back end's words.
fn prost(config: &mut Config) -> Result<prost_build::Config, Diagnostics> {
    let mut prost = std::mem::take(&mut config.prost);
    prost
        .bytes(&config.bytes)
        .btree_map(&config.btree_map)
        .disable_comments(&config.disable_comments)
        .skip_debug(&config.skip_debug);
    for (idl, rust) in &config.extern_paths {
        if !idl.starts_with('.') {
            let message = format!("`extern_path` of `{idl}` needs a full name with a leading dot");
            return Err(wrong(message, format!("write `.{idl}`")));
        }
        if !["::", "crate::"]
            .iter()
            .any(|start| rust.starts_with(start))
        {
            let message = format!("`extern_path` to `{rust}` needs an absolute Rust path");
            let help =
                format!("write `::{rust}`, or `crate::{rust}` for a module of the same crate");
            return Err(wrong(message, help));
        }
        prost.extern_path(idl, rust);
    }
    Ok(prost)
}

/// The files to compile; none beside a descriptor set means all that it holds.
fn input(config: &Config) -> Result<Input, Diagnostics> {
    let is_described = config.descriptor_set.is_some();
    let mut input = if is_described && !config.path.exists() {
        Input::default()
    } else {
        discover::find(&config.path, &config.includes).map_err(|found| alone(*found))?
    };
    if !config.files.is_empty() {
        input.names.clone_from(&config.files);
    }
    if input.names.is_empty() && !is_described {
        let message = format!("no .proto file below {}", config.path.display());
        return Err(alone(Diagnostic::error(
            codes::NO_INPUT,
            message,
            Span::None,
        )));
    }
    Ok(input)
}

fn compile(config: &Config, input: &Input) -> Result<Compiled, Diagnostics> {
    if let Some(path) = &config.descriptor_set {
        let set = fs::read(path).map_err(|error| alone(write::io_error(path, "read", &error)))?;
        let names = (!input.names.is_empty()).then_some(input.names.as_slice());
        return sinew_idl_proto::from_descriptor_set(&set, names);
    }
    let roots = std::iter::once(&input.root).chain(&config.includes);
    sinew_idl_proto::compile(&Sources {
        roots: roots.cloned().collect(),
        files: input.names.iter().map(PathBuf::from).collect(),
    })
}

/// What only the back end finds, with the files that it is about.
fn placed(found: Vec<Diagnostic>, input: &Input) -> Diagnostics {
    let mut sources = SourceMap::default();
    for diagnostic in &found {
        if let Span::Idl { file, .. } = &diagnostic.span
            && input.names.iter().any(|name| **name == **file)
        {
            let path = input.root.join(&**file);
            // Without its text a place is still a place.
            let text = fs::read_to_string(&path).unwrap_or_default();
            sources.insert(file.clone(), Some(path), text);
        }
    }
    Diagnostics::new(found, sources)
}

/// An option that makes no sense.
fn wrong(message: impl Into<String>, help: impl Into<String>) -> Diagnostics {
    alone(Diagnostic::error(codes::CONFIG, message, Span::None).help(help))
}

fn alone(diagnostic: Diagnostic) -> Diagnostics {
    Diagnostics::new(vec![diagnostic], SourceMap::default())
}
