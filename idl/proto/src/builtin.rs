//! Files that can be imported without being anywhere: the well-known types, and what `google/api` and `google/rpc` declare.
//! It refuses to be overridden by copies in an include root: newer copies of `descriptor.proto` use syntax that the parser does not know.

use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

/// Our own declarations: same packages, names and numbers as the published ones, and nothing else.
const OURS: [(&str, &str); 13] = [
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
];

/// A built-in file.
pub(crate) enum Builtin {
    /// The name and the text of one of ours.
    Text(&'static str, &'static str),
    /// A descriptor of the libraries.
    Descriptor(Box<FileDescriptorProto>),
}

/// The built-in file of this name.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    if let Some((name, text)) = OURS.iter().find(|(ours, _)| *ours == name) {
        return Some(Builtin::Text(name, text));
    }
    if !name.starts_with("google/protobuf/") {
        return None;
    }
    let file = DescriptorPool::global().get_file_by_name(name)?;
    Some(Builtin::Descriptor(Box::new(
        file.file_descriptor_proto().clone(),
    )))
}

/// The names of our own declarations.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OURS.iter().map(|(name, _)| *name)
}
