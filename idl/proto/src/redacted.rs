//! The fields that must not be shown: those marked `debug_redact`, or `udpa.annotations.sensitive`.
//! It refuses to hide anything itself: whatever prints a message does.

use std::collections::BTreeSet;

use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MessageDescriptor};

use crate::{load::Loaded, source::SourceFile};

/// The annotation of xDS, by its name and its number
/// (<https://github.com/cncf/xds/blob/main/udpa/annotations/sensitive.proto>).
const SENSITIVE: (&str, u32) = ("udpa.annotations.sensitive", 76_569_463);

/// Their full names.
pub(crate) fn redacted(pool: &DescriptorPool, loaded: &Loaded) -> BTreeSet<String> {
    let sensitive = pool.get_extension_by_name(SENSITIVE.0);
    let sensitive = sensitive.filter(|extension| extension.number() == SENSITIVE.1);
    let mut redacted = BTreeSet::new();
    for file in pool.files() {
        // Options are decoded one by one, which is dear where every field has some.
        let says = |source: &SourceFile| {
            source.text.contains("debug_redact") || source.text.contains("sensitive")
        };
        if loaded.texts.get(file.name()).is_none_or(says) {
            for message in file.messages() {
                of_message(&message, sensitive.as_ref(), &mut redacted);
            }
        }
    }
    redacted
}

fn of_message(
    message: &MessageDescriptor,
    sensitive: Option<&ExtensionDescriptor>,
    redacted: &mut BTreeSet<String>,
) {
    let fields = message.fields();
    let fields = fields.filter(|field| field.field_descriptor_proto().options.is_some());
    let fields = fields.filter(|field| is_redacted(&field.options(), sensitive));
    redacted.extend(fields.map(|field| field.full_name().to_owned()));
    for nested in message.child_messages() {
        of_message(&nested, sensitive, redacted);
    }
}

fn is_redacted(options: &DynamicMessage, sensitive: Option<&ExtensionDescriptor>) -> bool {
    let own = options.get_field_by_name("debug_redact");
    let own = own.and_then(|value| value.as_bool());
    let theirs = sensitive.and_then(|extension| options.get_extension(extension).as_bool());
    own == Some(true) || theirs == Some(true)
}
