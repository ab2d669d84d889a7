//! The extensions of options that mean something to us, and what is set by them.
//! It refuses those of other files, whatever their names: only what is built in is known to mean it.

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    MessageDescriptor, Value,
};

use crate::builtin;

/// The extensions that are looked for: those of the files that are built in, and no others of their names.
pub(crate) struct Extensions {
    pub(crate) service: Option<ExtensionDescriptor>,
    pub(crate) method: Option<ExtensionDescriptor>,
    pub(crate) field: Option<ExtensionDescriptor>,
    pub(crate) message: Option<ExtensionDescriptor>,
    pub(crate) http: Option<ExtensionDescriptor>,
    pub(crate) routing: Option<ExtensionDescriptor>,
}

impl Extensions {
    pub(crate) fn new(pool: &DescriptorPool) -> Self {
        let find = |name: &str, file: &str| {
            let extension = pool.get_extension_by_name(name);
            extension.filter(|extension| extension.parent_file().name() == file)
        };
        Self {
            service: find("sinew.service", builtin::OPTIONS),
            method: find("sinew.method", builtin::OPTIONS),
            field: find("sinew.field", builtin::OPTIONS),
            message: find("sinew.message", builtin::OPTIONS),
            http: find("google.api.http", "google/api/annotations.proto"),
            routing: find("google.api.routing", "google/api/routing.proto"),
        }
    }

    /// The code that a message declares for statuses with it.
    pub(crate) fn code(&self, message: &MessageDescriptor) -> Option<String> {
        if !is_ours(&message.parent_file()) {
            return None;
        }
        let policy = value(&message.options(), self.message.as_ref())?;
        let code = policy.has_field_by_name("code");
        let code = code.then(|| policy.get_field_by_name("code")).flatten()?;
        code.as_str().map(str::to_owned)
    }

    /// The field of a message that is marked as its key.
    pub(crate) fn marked(&self, message: &MessageDescriptor) -> Option<FieldDescriptor> {
        if !is_ours(&message.parent_file()) {
            return None;
        }
        message.fields().find(|field| {
            let policy = value(&field.options(), self.field.as_ref());
            policy
                .as_ref()
                .and_then(|policy| policy.get_field_by_name("hash_key"))
                .and_then(|mark| mark.as_bool())
                .unwrap_or_default()
        })
    }
}

/// Does the file see our options?
pub(crate) fn is_ours(file: &FileDescriptor) -> bool {
    file.dependencies()
        .any(|import| import.name() == builtin::OPTIONS)
}

/// The value of an extension that is set.
pub(crate) fn value(
    options: &DynamicMessage,
    extension: Option<&ExtensionDescriptor>,
) -> Option<DynamicMessage> {
    let extension = extension.filter(|extension| options.has_extension(extension))?;
    match options.get_extension(extension).into_owned() {
        Value::Message(message) => Some(message),
        _ => None,
    }
}
