//! Options: those of the language, and custom ones with values of every kind.
//! It refuses to set an option twice: each statement is of another one.

use super::{
    Generator,
    literals::SCALARS,
    tokens::{Tokens, words},
    world::join,
};

/// What can have options: as they are called here, and as `descriptor.proto` calls them.
const TARGETS: [(&str, &str); 9] = [
    ("file", "FileOptions"),
    ("message", "MessageOptions"),
    ("field", "FieldOptions"),
    ("oneof", "OneofOptions"),
    ("enum", "EnumOptions"),
    ("value", "EnumValueOptions"),
    ("service", "ServiceOptions"),
    ("method", "MethodOptions"),
    ("range", "ExtensionRangeOptions"),
];

impl Generator {
    /// Declares custom options for everything: a message and an enum for their values, and extensions.
    pub(crate) fn options_declared(&mut self) -> Vec<Tokens> {
        let Some(prefix) = self.world.files[self.file].options.clone() else {
            return Vec::new();
        };
        let (label, zero) = match self.is_proto3 {
            true => (self.pick(&["", "optional"]), 0),
            false => ("optional", 5),
        };
        let up = prefix.to_uppercase();
        let mut message = words(&format!("message {up}Value {{"));
        for (index, scalar) in SCALARS.iter().enumerate() {
            message.extend(words(&format!(
                "{label} {scalar} {scalar}_ = {} ;",
                index + 1
            )));
        }
        message.extend(words(&format!(
            "{label} {up}Kind kind = 20 ; {label} {up}Value inner = 21 ; repeated int32 list = 22 ;
             repeated {up}Value many = 23 ; map < string , int32 > map = 24 ; repeated string words = 25 ; }}"
        )));
        let kind = words(&format!(
            "enum {up}Kind {{ {up}_ZERO = {zero} ; {up}_ONE = 1 ; }}"
        ));
        let mut blocks = vec![message, kind];
        for (target, options) in TARGETS {
            let mut block = words(&format!("extend google.protobuf.{options} {{"));
            let base = 50_000 + 100 * u32::try_from(self.file).unwrap_or(0);
            for (at, scalar) in (0..).zip(SCALARS) {
                block.extend(words(&format!(
                    "{label} {scalar} {prefix}_{target}_{scalar} = {} ;",
                    base + at
                )));
            }
            block.extend(words(&format!(
                "{label} {up}Value {prefix}_{target}_value = {} ; {label} {up}Kind {prefix}_{target}_kind = {} ;
                 repeated int32 {prefix}_{target}_list = {} ; repeated {up}Value {prefix}_{target}_many = {} ; }}",
                base + 20, base + 21, base + 22, base + 23
            )));
            blocks.push(block);
        }
        blocks
    }

    /// `option … = …;`
    pub(crate) fn option_statement(&mut self, target: &str) -> Tokens {
        let option = self.option(target);
        if option.is_empty() {
            return option;
        }
        let mut tokens = words("option");
        tokens.extend(option);
        tokens.push(";".to_owned());
        tokens
    }

    /// `[…]`, with the options given and perhaps one more; nothing if there is none.
    pub(crate) fn option_list(&mut self, target: &str, mut options: Vec<Tokens>) -> Tokens {
        if self.once_in(8) {
            options.push(self.option(target));
        }
        if self.strikes("an empty list of options") {
            return words("[ ]");
        }
        self.rng.shuffle(&mut options);
        let mut tokens = Tokens::new();
        for (index, option) in options.into_iter().enumerate() {
            tokens.push(if index == 0 { "[" } else { "," }.to_owned());
            tokens.extend(option);
        }
        if !tokens.is_empty() {
            tokens.push("]".to_owned());
        }
        tokens
    }

    /// One option, without what stands around it.
    fn option(&mut self, target: &str) -> Tokens {
        if self.strikes("an option that is not there") {
            let odd = [
                "no_such = 1",
                "( no_such ) = 1",
                "deprecated . more = true",
                "( .foo.no ) = 1",
                "uninterpreted_option = { }",
                "( a ) . b = 1",
                "map_entry = true",
            ];
            return words(self.pick(&odd));
        }
        if self.strikes("an option of the wrong type") {
            let odd = [
                "deprecated = 1",
                "deprecated = \"true\"",
                "deprecated = TRUE",
                "deprecated = -true",
                "deprecated = { }",
                "deprecated",
                "deprecated = ",
                "= true",
            ];
            return words(self.pick(&odd));
        }
        match self.custom(target) {
            Some(custom) => custom,
            None => self.known(target),
        }
    }

    fn known(&mut self, target: &str) -> Tokens {
        let of_file = [
            "java_package = \"com.a\"",
            "java_outer_classname = 'Outer'",
            "java_multiple_files = true",
            "optimize_for = CODE_SIZE",
            "go_package = \"a/b;c\"",
            "cc_enable_arenas = false",
            "deprecated = false",
            "objc_class_prefix = \"ABC\"",
            "ruby_package = \"A::B\"",
        ];
        let text = match target {
            "file" => self.pick(&of_file),
            "message" => "deprecated = true",
            "field" => self.pick(&[
                "deprecated = true",
                "debug_redact = true",
                "retention = RETENTION_RUNTIME",
            ]),
            "oneof" => return self.custom("oneof").unwrap_or_default(),
            "enum" | "value" | "service" => "deprecated = true",
            "method" => self.pick(&[
                "deprecated = true",
                "idempotency_level = IDEMPOTENT",
                "idempotency_level = NO_SIDE_EFFECTS",
            ]),
            _ => "verification = UNVERIFIED",
        };
        words(text)
    }

    /// A custom option of a file that is seen.
    fn custom(&mut self, target: &str) -> Option<Tokens> {
        let world = &self.world;
        let files = world.files.iter().enumerate();
        let seen: Vec<_> = files
            .filter(|(index, _)| world.sees(self.file, *index))
            .filter_map(|(_, file)| Some((file.options.clone()?, file.package.clone())))
            .collect();
        if seen.is_empty() || self.once_in(4) {
            return None;
        }
        let (prefix, package) = seen[self.rng.usize(..seen.len())].clone();
        let name = |what: &str| {
            format!(
                "( .{} )",
                join(&package, &format!("{prefix}_{target}_{what}"))
            )
        };
        let faults = [
            "a custom option of the wrong type",
            "a custom option out of range",
        ];
        let up = prefix.to_uppercase();
        Some(match self.rng.u32(..7) {
            0..=2 => {
                let scalar = self.pick(&SCALARS);
                let mut tokens = words(&format!("{} =", name(scalar)));
                tokens.extend(self.value(scalar, faults));
                tokens
            }
            3 => words(&format!("{} = {up}_ONE", name("kind"))),
            4 => words(&format!("{} = 7", name("list"))),
            5 => {
                let scalar = self.pick(&SCALARS);
                let mut tokens = words(&format!("{} . {scalar}_ =", name("value")));
                tokens.extend(self.value(scalar, faults));
                tokens
            }
            _ => {
                let what = self.pick(&["value", "many"]);
                let mut tokens = words(&format!("{} =", name(what)));
                tokens.extend(self.aggregate(&up, 0));
                tokens
            }
        })
    }

    /// A value in text format.
    fn aggregate(&mut self, up: &str, depth: u32) -> Tokens {
        let mut items: Vec<Tokens> = Vec::new();
        let faults = [
            "a field of an aggregate of the wrong type",
            "a field of an aggregate out of range",
        ];
        let mut scalars = SCALARS.to_vec();
        self.rng.shuffle(&mut scalars);
        let count = self.rng.usize(..4);
        for scalar in scalars.into_iter().take(count) {
            let mut item = words(&format!("{scalar}_ :"));
            item.extend(self.value(scalar, faults));
            items.push(item);
        }
        if self.once_in(3) {
            items.push(words(&format!("kind : {up}_ONE")));
        }
        if self.once_in(3) {
            items.push(words(self.pick(&[
                "list : [ 1 , 2 ]",
                "list : 3 list : 4",
                "list : [ ]",
            ])));
        }
        if self.once_in(4) {
            items.push(words("map { key : \"a\" value : 1 }"));
        }
        if self.once_in(4) {
            items.push(words("words : [ \"a\" \"b\" , 'c' ]"));
        }
        if depth < 2 && self.once_in(3) {
            let opening = self.pick(&["inner {", "inner : {", "inner <", "inner : <"]);
            let mut item = words(opening);
            item.extend(self.aggregate_fields(up, depth + 1));
            item.push(if opening.ends_with('<') { ">" } else { "}" }.to_owned());
            items.push(item);
        }
        if depth < 2 && self.once_in(5) {
            let mut item = words("many : [ {");
            item.extend(self.aggregate_fields(up, depth + 1));
            item.extend(words("} , { } ]"));
            items.push(item);
        }
        if self.strikes("an aggregate that is none") {
            let odd = [
                "nothing : 1",
                "int32_ 1",
                "int32_ : ",
                "int32_ : 1 int32_ : 2",
                ": 1",
                "inner : 1",
                "kind : NONE",
                "list : [ 1 , ]",
                "inner { ",
                "[ no.such ] : 1",
                "many : [ 1 ]",
            ];
            items.push(words(self.pick(&odd)));
        }
        let mut tokens = words("{");
        for item in items {
            tokens.extend(item);
            match self.rng.u32(..6) {
                0 => tokens.push(",".to_owned()),
                1 => tokens.push(";".to_owned()),
                _ => {}
            }
        }
        tokens.push("}".to_owned());
        tokens
    }

    fn aggregate_fields(&mut self, up: &str, depth: u32) -> Tokens {
        let mut tokens = self.aggregate(up, depth);
        tokens.pop();
        tokens.remove(0);
        tokens
    }
}
