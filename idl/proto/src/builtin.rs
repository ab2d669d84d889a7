//! Files that can be imported without being anywhere: the well-known types, what `google/api` and `google/rpc` declare,
//! and our own options.
//! It refuses to be overridden by copies in an include root, of which each is of another age: what is built in has all
//! that any of them has.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::FileDescriptorProto;

use crate::{parse, source::SourceFile};

/// The file that declares what options there are.
pub(crate) const DESCRIPTOR: &str = "google/protobuf/descriptor.proto";

/// The file that declares our own options.
pub(crate) const OPTIONS: &str = "sinew/options.proto";

/// Our own declarations: same packages, names and numbers as the published ones, and nothing else.
const OURS: [(&str, &str); 15] = [
    (
        "google/api/annotations.proto",
        include_str!("../builtin/google/api/annotations.proto"),
    ),
    (
        "google/api/client.proto",
        include_str!("../builtin/google/api/client.proto"),
    ),
    (
        "google/api/field_behavior.proto",
        include_str!("../builtin/google/api/field_behavior.proto"),
    ),
    (
        "google/api/field_info.proto",
        include_str!("../builtin/google/api/field_info.proto"),
    ),
    (
        "google/api/http.proto",
        include_str!("../builtin/google/api/http.proto"),
    ),
    (
        "google/api/httpbody.proto",
        include_str!("../builtin/google/api/httpbody.proto"),
    ),
    (
        "google/api/launch_stage.proto",
        include_str!("../builtin/google/api/launch_stage.proto"),
    ),
    (
        "google/api/resource.proto",
        include_str!("../builtin/google/api/resource.proto"),
    ),
    (
        "google/api/routing.proto",
        include_str!("../builtin/google/api/routing.proto"),
    ),
    (
        "google/api/visibility.proto",
        include_str!("../builtin/google/api/visibility.proto"),
    ),
    // The libraries carry one, too, of a time when there were fewer options.
    (
        DESCRIPTOR,
        include_str!("../builtin/google/protobuf/descriptor.proto"),
    ),
    (
        "google/rpc/code.proto",
        include_str!("../builtin/google/rpc/code.proto"),
    ),
    (
        "google/rpc/error_details.proto",
        include_str!("../builtin/google/rpc/error_details.proto"),
    ),
    (
        "google/rpc/status.proto",
        include_str!("../builtin/google/rpc/status.proto"),
    ),
    (OPTIONS, include_str!("../builtin/sinew/options.proto")),
];

/// A built-in file.
pub(crate) enum Builtin {
    /// The name and the text of one of ours.
    Text(&'static str, &'static str),
    /// A descriptor of the libraries.
    Descriptor(Box<FileDescriptorProto>),
}

/// Is there a built-in file of this name?
pub(crate) fn is_builtin(name: &str) -> bool {
    OURS.iter().any(|(ours, _)| *ours == name) || well_known(name).is_some()
}

/// The built-in file of this name.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    if let Some((name, text)) = OURS.iter().find(|(ours, _)| *ours == name) {
        return Some(Builtin::Text(name, text));
    }
    let proto = well_known(name)?.file_descriptor_proto().clone();
    Some(Builtin::Descriptor(Box::new(proto)))
}

/// A built-in file as a descriptor, and its text if it has one.
pub(crate) fn parsed(builtin: Builtin) -> Option<(FileDescriptorProto, Option<SourceFile>)> {
    match builtin {
        Builtin::Descriptor(proto) => Some((*proto, None)),
        Builtin::Text(name, text) => {
            let source = SourceFile::new(name, None, text);
            Some((parse::parse(&source).ok()?, Some(source)))
        }
    }
}

/// What declares the options of files none of which imports it, without places. Every compilation needs it, so it is
/// parsed once.
pub(crate) fn options() -> Option<&'static FileDescriptorProto> {
    static OPTIONS: LazyLock<Option<FileDescriptorProto>> = LazyLock::new(|| {
        let (mut options, _) = parsed(find(DESCRIPTOR)?)?;
        options.source_code_info = None;
        Some(options)
    });
    OPTIONS.as_ref()
}

fn well_known(name: &str) -> Option<FileDescriptor> {
    // The pool is shared by the whole process, and others may have added to it.
    name.strip_prefix("google/protobuf/")?;
    DescriptorPool::global().get_file_by_name(name)
}

#[cfg(test)]
mod tests {
    use crate::{Sources, compile};

    #[test]
    fn all_of_them_compile_and_win_over_copies_in_a_root() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shadows");
        let mut files: Vec<_> = super::OURS.iter().map(|(name, _)| (*name).into()).collect();
        files.push("uses.proto".into());
        let sources = Sources {
            roots: vec![root.clone()],
            files,
        };
        let compiled = compile(&sources).unwrap_or_else(|found| panic!("{}", found.render()));
        assert_eq!(compiled.roots.len(), super::OURS.len() + 1);
        // The copies there would not even parse.
        assert_eq!(compiled.read_files, [root.join("uses.proto")]);
        assert!(compiled.missing_candidates.is_empty());
    }
}
