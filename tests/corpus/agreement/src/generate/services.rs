//! Services with rpcs of all shapes.
//! It refuses types that are no messages, unless that is the fault to make.

use super::{
    Generator,
    tokens::{Tokens, words},
    world::{Kind, join},
};

impl Generator {
    /// Declares the names of the services of the file.
    pub(crate) fn service_names(&mut self) -> Vec<String> {
        let package = self.package();
        let mut names = Vec::new();
        for _ in 0..self.pick(&[0, 0, 1, 2]) {
            let n = self.number();
            let name = format!("Service{n}");
            self.declare(&package, &name, Kind::Service);
            names.push(name);
        }
        names
    }

    /// One service.
    pub(crate) fn service(&mut self, name: &str) -> Tokens {
        let scope = join(&self.package(), name);
        let mut items = Vec::new();
        let mut twice = None;
        let is_seen = self.a_type(|symbol| matches!(symbol.kind, Kind::Message { .. }));
        if is_seen.is_some() {
            for _ in 0..self.pick(&[0, 1, 2, 4]) {
                let n = self.number();
                let mut name = format!("Do{n}");
                if let Some(first) = &twice
                    && self.strikes("two rpcs of a name")
                {
                    name.clone_from(first);
                }
                twice = Some(name.clone());
                items.push(self.rpc(&scope, &name));
            }
        }
        for _ in 0..self.pick(&[0, 0, 0, 1]) {
            items.push(self.option_statement("service"));
        }
        self.rng.shuffle(&mut items);
        let mut tokens = words(&format!("service {name} {{"));
        tokens.extend(items.into_iter().flatten());
        tokens.push("}".to_owned());
        tokens
    }

    fn rpc(&mut self, scope: &str, name: &str) -> Tokens {
        let mut sides = Vec::new();
        for _ in 0..2 {
            let stream = self.pick(&["", "", "stream"]);
            let kind = self.rpc_type(scope);
            sides.push(format!("( {stream} {kind} )"));
        }
        let returns = match self.strikes("an rpc that is none") {
            true => self.pick(&["", "return", "returns returns", ": ", "returns stream"]),
            false => "returns",
        };
        let mut tokens = words(&format!("rpc {name} {} {returns} {}", sides[0], sides[1]));
        match self.rng.u32(..4) {
            0 => tokens.extend(words("{ }")),
            1 => {
                tokens.push("{".to_owned());
                tokens.extend(self.option_statement("method"));
                if self.once_in(3) {
                    tokens.push(";".to_owned());
                }
                tokens.push("}".to_owned());
            }
            _ => tokens.push(";".to_owned()),
        }
        tokens
    }

    fn rpc_type(&mut self, scope: &str) -> String {
        if self.strikes("an rpc of something that is no message") {
            let found = self.a_type(|symbol| !matches!(symbol.kind, Kind::Message { .. }));
            return match found {
                Some(found) => format!(".{}", found.full_name),
                None => "int32".to_owned(),
            };
        }
        self.a_message(scope)
    }
}
