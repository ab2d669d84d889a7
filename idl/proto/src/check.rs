//! What protoc rejects and the linker does not: reserved names, overlapping ranges, rules between
//! proto2 and proto3.
//! It refuses style: whatever protoc accepts passes.

use std::{cell::OnceCell, collections::HashMap, ops::Range};

use prost_reflect::{DescriptorPool, Syntax};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    field_descriptor_proto::{Label, Type},
    field_options::JsType,
};
use sinew_idl::diag::{Diagnostic, Severity, Span};

use crate::{load::Loaded, places::Places, source::SourceFile, symbols::to_i32, tag};

/// Checks the linked files of `names`.
pub(crate) fn check(pool: &DescriptorPool, loaded: &Loaded, names: &[String]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for name in names {
        // What is built in is not the user's to repair.
        let (Some(file), Some(text)) = (pool.get_file_by_name(name), loaded.texts.get(name)) else {
            continue;
        };
        let mut check = Check {
            pool,
            file: file.file_descriptor_proto(),
            text,
            is_proto3: file.syntax() == Syntax::Proto3,
            places: OnceCell::new(),
            found: Vec::new(),
        };
        check.run();
        found.append(&mut check.found);
    }
    found
}

struct Check<'a> {
    pool: &'a DescriptorPool,
    file: &'a FileDescriptorProto,
    text: &'a SourceFile,
    is_proto3: bool,
    /// Built when the first fault is found.
    places: OnceCell<Places<'a>>,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn run(&mut self) {
        let file = self.file;
        for (index, message) in file.message_type.iter().enumerate() {
            self.message(&[tag::file::MESSAGE, to_i32(index)], message);
        }
        for (index, one) in file.enum_type.iter().enumerate() {
            self.enumeration(&[tag::file::ENUM, to_i32(index)], one);
        }
        for (index, extension) in file.extension.iter().enumerate() {
            self.extension(&[tag::file::EXTENSION, to_i32(index)], extension);
        }
    }

    fn message(&mut self, path: &[i32], message: &DescriptorProto) {
        if message.options.as_ref().is_some_and(|o| o.map_entry()) {
            // Entries of maps are not written by anyone.
            let option: &[&[i32]] = &[path, &[tag::message::OPTIONS, tag::option::MAP_ENTRY]];
            if self.is_written(option) {
                let message = "`map_entry` is not for people to set";
                self.error("M0225", message, option).help =
                    Some("write `map<KEY, VALUE>` instead".into());
            }
            return;
        }
        let name = message.name();
        let options = message.options.as_ref();
        if options.is_some_and(|options| options.message_set_wire_format()) {
            let message = format!("`{name}` is a message set: what it holds is not generated");
            self.warning("M0502", message, &[path, &[tag::NAME]]);
        }
        let names: Vec<_> = message.field.iter().map(|field| field.name()).collect();
        let reserved = &message.reserved_name;
        self.reserved_names(
            path,
            "field",
            name,
            reserved,
            tag::message::RESERVED_NAME,
            &names,
            tag::message::FIELD,
        );

        let reserved = message.reserved_range.iter().map(|r| (r.start(), r.end()));
        let mut ranges = self.ranges(path, tag::message::RESERVED_RANGE, "reserved", reserved);
        let extensions = message.extension_range.iter().map(|r| (r.start(), r.end()));
        ranges.extend(self.ranges(path, tag::message::EXTENSION_RANGE, "extension", extensions));
        self.overlaps(ranges);
        if self.is_proto3 && !message.extension_range.is_empty() {
            self.error(
                "M0219",
                "proto3 has no extension ranges",
                &[path, &[tag::message::EXTENSION_RANGE, 0]],
            )
            .help = Some(
                "options alone can be extended in proto3; use `google.protobuf.Any` or proto2"
                    .into(),
            );
        }

        for (index, field) in message.field.iter().enumerate() {
            self.field(
                &[path, &[tag::message::FIELD, to_i32(index)]].concat(),
                field,
            );
        }
        for (index, extension) in message.extension.iter().enumerate() {
            self.extension(
                &[path, &[tag::message::EXTENSION, to_i32(index)]].concat(),
                extension,
            );
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            self.message(
                &[path, &[tag::message::NESTED, to_i32(index)]].concat(),
                nested,
            );
        }
        for (index, one) in message.enum_type.iter().enumerate() {
            self.enumeration(&[path, &[tag::message::ENUM, to_i32(index)]].concat(), one);
        }
    }

    fn field(&mut self, path: &[i32], field: &FieldDescriptorProto) {
        self.enum_of_field(path, field);
        if field
            .options
            .as_ref()
            .is_some_and(|options| options.packed())
            && !is_packable(field)
        {
            let message = format!("`{}` cannot be packed", field.name());
            self.error(
                "M0222",
                message,
                &[path, &[tag::field::OPTIONS, tag::option::PACKED]],
            )
            .help = Some("only repeated numbers, booleans and enums can be".into());
        }
        let jstype = field.options.as_ref().map(|options| options.jstype());
        if jstype.is_some_and(|jstype| jstype != JsType::JsNormal) && !is_of_64_bits(field) {
            let message = format!("`{}` has a `jstype` and is no 64-bit integer", field.name());
            self.error("M0223", message, &[path, &[tag::field::TYPE]])
                .help = Some("remove the option `jstype`".into());
        }
    }

    /// An enum of proto2 knows only its own values, and one of proto3 any: a field of a proto3 message has to take any,
    /// and an entry of a map that lacks its value has the first of them.
    fn enum_of_field(&mut self, path: &[i32], field: &FieldDescriptorProto) {
        let entry = self.map_value(field);
        let field = match &entry {
            Some(value) => value.field_descriptor_proto(),
            None => field,
        };
        if field.r#type() != Type::Enum {
            return;
        }
        let name = field.type_name().trim_start_matches('.').to_owned();
        let Some(one) = self.pool.get_enum_by_name(&name) else {
            return;
        };
        let declared = format!("it is declared in `{}`", one.parent_file().name());
        let path: &[&[i32]] = &[path, &[tag::field::TYPE_NAME]];
        if self.is_proto3 && one.parent_file().syntax() == Syntax::Proto2 {
            let message =
                format!("`{name}` is an enum of proto2 and cannot be used in a proto3 message");
            let help = format!("{declared}: declare one of proto3");
            self.error("M0210", message, path).help = Some(help);
        } else if entry.is_some() && first_of(&one) != 0 {
            let message = format!("the first value of `{name}` is not 0, so it cannot be in a map");
            self.error("M0217", message, path).help = Some(declared);
        }
    }

    /// The field for the values, if `field` is a map.
    fn map_value(&self, field: &FieldDescriptorProto) -> Option<prost_reflect::FieldDescriptor> {
        if field.r#type() != Type::Message || field.label() != Label::Repeated {
            return None;
        }
        let name = field.type_name().trim_start_matches('.');
        let message = self.pool.get_message_by_name(name)?;
        message
            .is_map_entry()
            .then(|| message.map_entry_value_field())
    }

    fn extension(&mut self, path: &[i32], extension: &FieldDescriptorProto) {
        self.field(path, extension);
        let json_name: &[&[i32]] = &[path, &[tag::field::JSON_NAME]];
        if self.is_written(json_name) {
            let message = format!("extension `{}` has a `json_name`", extension.name());
            self.error("M0224", message, json_name).help =
                Some("in JSON, extensions have their full names".into());
        }
        let extendee = extension.extendee().trim_start_matches('.');
        let is_options = extendee
            .strip_prefix("google.protobuf.")
            .is_some_and(|name| name.ends_with("Options") && !name.contains('.'));
        if !is_options {
            let message = format!("extension `{}` is not generated", extension.name());
            let found = self.warning("M0501", message, &[path, &[tag::NAME]]);
            found.help = Some(
                "its value is dropped when `{extendee}` is decoded".replace("{extendee}", extendee),
            );
        }
        if self.is_proto3 && !is_options {
            let message = format!("proto3 extends options alone, and `{extendee}` is none");
            self.error("M0209", message, &[path, &[tag::field::EXTENDEE]])
                .help = Some("use `google.protobuf.Any`, or proto2".into());
        }
    }

    fn enumeration(&mut self, path: &[i32], one: &EnumDescriptorProto) {
        let names: Vec<_> = one.value.iter().map(|value| value.name()).collect();
        let reserved = &one.reserved_name;
        self.reserved_names(
            path,
            "value",
            one.name(),
            reserved,
            tag::enumeration::RESERVED_NAME,
            &names,
            tag::enumeration::VALUE,
        );
        // The ends of these are inclusive, unlike those of messages.
        let reserved = one
            .reserved_range
            .iter()
            .map(|r| (r.start(), r.end().saturating_add(1)));
        let ranges = self.ranges(path, tag::enumeration::RESERVED_RANGE, "reserved", reserved);
        self.overlaps(ranges);

        let mut numbers: Vec<_> = one.value.iter().map(|value| value.number()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let allows_alias = one
            .options
            .as_ref()
            .is_some_and(|options| options.allow_alias());
        if allows_alias && numbers.len() == one.value.len() {
            let message = format!("`{}` allows aliases and has none", one.name());
            self.error(
                "M0215",
                message,
                &[path, &[tag::enumeration::OPTIONS, tag::option::ALLOW_ALIAS]],
            )
            .help = Some("remove the option `allow_alias`".into());
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn reserved_names(
        &mut self,
        path: &[i32],
        what: &str,
        scope: &str,
        reserved: &[String],
        reserved_tag: i32,
        names: &[&str],
        name_tag: i32,
    ) {
        let mut firsts: HashMap<&str, usize> = HashMap::new();
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            uses.entry(name).or_insert(index);
        }
        for (index, name) in reserved.iter().enumerate() {
            let first = *firsts.entry(name).or_insert(index);
            if first < index {
                let first = self.span(&[path, &[reserved_tag, to_i32(first)]]);
                let message = format!("`{name}` is reserved twice");
                let found = self.error("M0205", message, &[path, &[reserved_tag, to_i32(index)]]);
                found.secondary.push((first, "first reserved".into()));
                continue;
            }
            if let Some(&used) = uses.get(name.as_str()) {
                let reserved = self.span(&[path, &[reserved_tag, to_i32(index)]]);
                let message = format!("{what} `{name}` uses a reserved name of `{scope}`");
                let used = [name_tag, to_i32(used), tag::NAME];
                let found = self.error("M0204", message, &[path, &used]);
                found.secondary.push((reserved, "reserved".into()));
            }
        }
    }

    /// Ranges with the paths where they are declared; those that are none are reported.
    fn ranges(
        &mut self,
        path: &[i32],
        tag: i32,
        kind: &'static str,
        ranges: impl Iterator<Item = (i32, i32)>,
    ) -> Vec<(Range<i32>, Vec<i32>, &'static str)> {
        let mut good = Vec::new();
        for (index, (start, end)) in ranges.enumerate() {
            let path = [path, &[tag, to_i32(index)]].concat();
            if start < end {
                good.push((start..end, path, kind));
            } else {
                let last = end.saturating_sub(1);
                let message = format!("the {kind} range {start} to {last} ends before it starts");
                self.error("M0205", message, &[&path]);
            }
        }
        good
    }

    fn overlaps(&mut self, mut ranges: Vec<(Range<i32>, Vec<i32>, &'static str)>) {
        ranges.sort_by_key(|(range, ..)| (range.start, range.end));
        // The range so far that reaches farthest.
        let mut far: Option<(Range<i32>, Vec<i32>, &'static str)> = None;
        for one in ranges {
            match &far {
                Some(other) if one.0.start < other.0.end => {
                    // The later one in the file is at fault.
                    let (first, second) = match self.line(&other.1) <= self.line(&one.1) {
                        true => (other, &one),
                        false => (&one, other),
                    };
                    let message = format!(
                        "the {} range {} overlaps the {} range {}",
                        second.2,
                        shown(&second.0),
                        first.2,
                        shown(&first.0)
                    );
                    let first = self.span(&[&first.1]);
                    let found = self.error("M0205", message, &[&second.1]);
                    found.secondary.push((first, "declared".into()));
                    if one.0.end > other.0.end {
                        far = Some(one);
                    }
                }
                _ => far = Some(one),
            }
        }
    }

    /// The line and column where something is declared.
    fn line(&self, path: &[i32]) -> (u32, u32) {
        match self.span(&[path]) {
            Span::Idl { line, column, .. } => (line, column),
            _ => (0, 0),
        }
    }

    fn warning(&mut self, code: &'static str, message: String, path: &[&[i32]]) -> &mut Diagnostic {
        let found = self.error(code, message, path);
        found.severity = Severity::Warning;
        found
    }

    fn error(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        path: &[&[i32]],
    ) -> &mut Diagnostic {
        let span = self.span(path);
        let at = self.found.len();
        self.found.push(Diagnostic::error(code, message, span));
        &mut self.found[at]
    }

    fn span(&self, path: &[&[i32]]) -> Span {
        self.places().span(&path.concat())
    }

    /// Did somebody write this, or did a compiler add it?
    fn is_written(&self, path: &[&[i32]]) -> bool {
        self.places().location(&path.concat()).is_some()
    }

    fn places(&self) -> &Places<'_> {
        self.places
            .get_or_init(|| Places::new(self.file, Some(self.text)))
    }
}

/// The number of the value that is written first; the library's list is sorted by number.
fn first_of(one: &prost_reflect::EnumDescriptor) -> i32 {
    let first = one.enum_descriptor_proto().value.first();
    first.map_or(0, |value| value.number())
}

fn shown(range: &Range<i32>) -> String {
    match range.end - 1 {
        last if last == range.start => last.to_string(),
        last => format!("{} to {last}", range.start),
    }
}

fn is_of_64_bits(field: &FieldDescriptorProto) -> bool {
    let of_64_bits = [
        Type::Int64,
        Type::Uint64,
        Type::Sint64,
        Type::Fixed64,
        Type::Sfixed64,
    ];
    of_64_bits.contains(&field.r#type())
}

fn is_packable(field: &FieldDescriptorProto) -> bool {
    let of_bytes = [Type::String, Type::Bytes, Type::Message, Type::Group];
    field.label() == Label::Repeated && !of_bytes.contains(&field.r#type())
}
