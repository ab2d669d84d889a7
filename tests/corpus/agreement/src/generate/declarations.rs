//! A file: its head, and what it declares in which order.
//! It refuses to fill messages: `messages.rs` does, once all names of the file are known.

use super::{
    Generator,
    messages::Message,
    tokens::{Tokens, words},
    world::{File, Kind, join},
};

impl Generator {
    /// The tokens of the next file.
    pub(crate) fn file_tokens(&mut self, name: &str) -> Tokens {
        self.is_proto3 = self.once_in(2);
        let package = self.pick(&["", "a", "a.b", "a.b.a", "b", "foo", "foo.bar", "a.foo"]);
        self.world.files.push(File {
            name: name.to_owned(),
            package: package.to_owned(),
            is_proto3: self.is_proto3,
            ..File::default()
        });
        let mut tokens = self.syntax();
        let mut head = Vec::new();
        if !package.is_empty() {
            head.push(words(&format!("package {package} ;")));
            if self.strikes("two packages") {
                head.push(words("package other ;"));
            }
        }
        head.extend(self.imports());
        if self.strikes("an import that is not there") {
            head.push(words("import \"not/there.proto\" ;"));
        }
        if self.strikes("a path that no import may have") {
            let path = self.pick(&["a/../b.proto", "./b.proto", "a//b.proto", "/b.proto", ""]);
            head.push(words(&format!("import \"{path}\" ;")));
        }
        self.rng.shuffle(&mut head);

        let mut messages = Vec::new();
        for _ in 0..self.pick(&[0, 1, 2, 2, 3]) {
            messages.extend(self.outline(package, 0));
        }
        let mut bodies: Vec<Tokens> = Vec::new();
        for _ in 0..self.pick(&[0, 1, 1, 2]) {
            bodies.push(self.enumeration(package));
        }
        if self.world.files[self.file].options.is_some() {
            bodies.extend(self.options_declared());
        }
        let service_names = self.service_names();
        for _ in 0..self.pick(&[0, 0, 1, 2, 4]) {
            let option = self.option_statement("file");
            // Up to the name: each may be set once.
            let name = |tokens: &Tokens| {
                let end = tokens.iter().position(|token| token == "=" || token == ")");
                tokens.get(..end.unwrap_or(0)).map(<[String]>::to_vec)
            };
            if !head.iter().any(|other| name(other) == name(&option)) {
                head.push(option);
            }
        }
        if self.strikes("an option set twice") {
            head.push(words("option java_package = \"a\" ;"));
            head.push(words("option java_package = \"b\" ;"));
        }
        for message in &messages {
            bodies.push(self.message(message));
        }
        for name in service_names {
            bodies.push(self.service(&name));
        }
        for _ in 0..self.pick(&[0, 0, 1]) {
            bodies.extend(self.extension_block(package));
        }
        if self.strikes("a name declared twice") {
            let twice = self.package_symbol();
            let declared = self.pick(&["message NAME { }", "enum NAME { VALUE_OF_NAME = 0 ; }"]);
            bodies.push(words(&declared.replace("NAME", &twice)));
        }
        if self.strikes("a statement that is none") {
            let odd = [
                "mesage A { }",
                "message { }",
                "option = 1 ;",
                "syntax = \"proto3\" ;",
                "}",
            ];
            bodies.push(words(self.pick(&odd)));
        }
        if self.once_in(10) {
            bodies.push(words(";"));
        }
        self.rng.shuffle(&mut bodies);
        tokens.extend(head.into_iter().chain(bodies).flatten());
        tokens
    }

    fn syntax(&mut self) -> Tokens {
        if self.strikes("a syntax that is not known") {
            let odd = ["proto4", "proto1", "Proto3", "", "editions"];
            return words(&format!("syntax = \"{}\" ;", self.pick(&odd)));
        }
        let is_proto3 = self.is_proto3;
        match is_proto3 {
            true => words("syntax = \"proto3\" ;"),
            false if self.once_in(3) => Tokens::new(),
            false => words("syntax = 'proto2' ;"),
        }
    }

    fn imports(&mut self) -> Vec<Tokens> {
        let mut statements = Vec::new();
        for other in 0..self.file {
            if self.once_in(4) {
                continue;
            }
            let kind = self.pick(&["", "", "public", "weak"]);
            let name = self.world.files[other].name.clone();
            statements.push(words(&format!("import {kind} \"{name}\" ;")));
            let is_public = kind == "public";
            self.world.files[self.file].imports.push((other, is_public));
            if self.strikes("an import twice") {
                statements.push(words(&format!("import \"{name}\" ;")));
            }
        }
        if self.strikes("an import of itself") {
            let name = self.world.files[self.file].name.clone();
            statements.push(words(&format!("import \"{name}\" ;")));
        }
        if self.once_in(3) {
            statements.push(words("import \"google/protobuf/descriptor.proto\" ;"));
            self.world.files[self.file].options = Some(format!("o{}", self.file));
        }
        for built_in in ["timestamp", "any", "empty"] {
            if self.once_in(12) {
                statements.push(words(&format!(
                    "import \"google/protobuf/{built_in}.proto\" ;"
                )));
            }
        }
        statements
    }

    /// Declares the names of a message and of what is in it.
    pub(crate) fn outline(&mut self, scope: &str, depth: u32) -> Option<Message> {
        // Few names, and those of packages among them: so that scopes matter.
        let names = [
            "A", "B", "C", "Foo", "Bar", "Foo_2", "Node", "foo", "a", "Message",
        ];
        let name = self.pick(&names);
        let full_name = join(scope, name);
        let taken = |known: &str| known.eq_ignore_ascii_case(&full_name);
        let is_package = self.world.files.iter().any(|file| {
            let package = file.package.to_ascii_lowercase();
            let rest = package.strip_prefix(&*full_name.to_ascii_lowercase());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if is_package
            || self
                .world
                .symbols
                .iter()
                .any(|symbol| taken(&symbol.full_name))
        {
            return None;
        }
        let at = self.world.symbols.len();
        let full_name = self.declare(
            scope,
            name,
            Kind::Message {
                extensions: Vec::new(),
            },
        );
        let mut nested = Vec::new();
        if depth < 3 {
            for _ in 0..self.pick(&[0, 0, 0, 1, 2]) {
                nested.extend(self.outline(&full_name, depth + 1));
            }
        }
        Some(Message {
            name: name.to_owned(),
            full_name,
            symbol: at,
            nested,
        })
    }

    /// The short name of something that the package holds.
    fn package_symbol(&mut self) -> String {
        let package = self.package();
        let symbols = self.world.symbols.iter();
        let in_package = symbols.filter_map(|symbol| {
            let (scope, name) = symbol
                .full_name
                .rsplit_once('.')
                .unwrap_or(("", &symbol.full_name));
            (scope == package && symbol.file == self.file).then(|| name.to_owned())
        });
        let names: Vec<_> = in_package.collect();
        match names.len() {
            0 => "Nothing".to_owned(),
            count => names[self.rng.usize(..count)].clone(),
        }
    }
}
