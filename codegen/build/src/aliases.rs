//! Default values that are aliases: of the values of an enum that share a number, the message back end makes only the
//! first a variant, and yet would name the others in defaults.
//! It refuses to touch anything else; the embedded descriptors say what the IDL says.

use std::collections::{BTreeMap, HashMap};

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// Names, in every default, the value that is a variant.
pub(crate) fn resolve(files: &mut [FileDescriptorProto]) {
    let mut aliases = Aliases::default();
    for file in files.iter() {
        let scope = match file.package() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        aliases.enums(&scope, &file.enum_type);
        let messages = &file.message_type;
        messages.iter().for_each(|one| aliases.message(&scope, one));
    }
    if aliases.0.is_empty() {
        return;
    }
    let messages = files.iter_mut().flat_map(|file| &mut file.message_type);
    messages.for_each(|message| aliases.apply(message));
}

/// For each enum that has any, by its full name with a leading dot: which value stands for which.
#[derive(Default)]
struct Aliases(HashMap<String, HashMap<String, String>>);

impl Aliases {
    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let scope = format!("{scope}.{}", message.name());
        self.enums(&scope, &message.enum_type);
        let nested = &message.nested_type;
        nested.iter().for_each(|one| self.message(&scope, one));
    }

    fn enums(&mut self, scope: &str, enums: &[EnumDescriptorProto]) {
        for one in enums {
            let mut first = BTreeMap::new();
            let mut aliases = HashMap::new();
            for value in &one.value {
                let kept = *first.entry(value.number()).or_insert(value.name());
                if kept != value.name() {
                    aliases.insert(value.name().to_owned(), kept.to_owned());
                }
            }
            if !aliases.is_empty() {
                self.0.insert(format!("{scope}.{}", one.name()), aliases);
            }
        }
    }

    fn apply(&self, message: &mut DescriptorProto) {
        for field in &mut message.field {
            let of_enum = self.0.get(field.type_name());
            let kept = of_enum.and_then(|aliases| aliases.get(field.default_value()));
            if let Some(kept) = kept {
                field.default_value = Some(kept.clone());
            }
        }
        let nested = &mut message.nested_type;
        nested.iter_mut().for_each(|one| self.apply(one));
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{EnumValueDescriptorProto, FieldDescriptorProto};

    use super::*;

    #[test]
    fn a_default_names_the_first_value_of_its_number() {
        let value = |(name, number): (&str, i32)| EnumValueDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            options: None,
        };
        let field = |default: &str| FieldDescriptorProto {
            type_name: Some(".p.M.E".to_owned()),
            default_value: Some(default.to_owned()),
            ..Default::default()
        };
        let message = DescriptorProto {
            name: Some("M".to_owned()),
            enum_type: vec![EnumDescriptorProto {
                name: Some("E".to_owned()),
                value: [("A", 0), ("B", 1), ("C", 1), ("D", 0)].map(value).into(),
                ..Default::default()
            }],
            field: ["A", "B", "C", "D"].map(field).into(),
            ..Default::default()
        };
        let mut files = [FileDescriptorProto {
            package: Some("p".to_owned()),
            message_type: vec![message],
            ..Default::default()
        }];
        resolve(&mut files);
        let fields = files[0].message_type[0].field.iter();
        let defaults: Vec<_> = fields.map(FieldDescriptorProto::default_value).collect();
        assert_eq!(defaults, ["A", "B", "B", "A"]);
    }
}
