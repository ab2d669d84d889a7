//! Names: new ones, and the ways in which one that is declared can be spelled where it is used.
//! It refuses a spelling that means something else there, unless that is the fault to make.

use super::{
    Generator,
    world::{Kind, Symbol, join},
};

impl Generator {
    /// A name for a field, a value or a method, never given before.
    pub(crate) fn fresh(&mut self) -> String {
        let n = self.number();
        match self.rng.u32(..9) {
            0 => format!("some_name_{n}"),
            1 => format!("camelCase{n}"),
            2 => format!("x_{n}_y"),
            3 => format!("_under{n}"),
            4 => format!("two__bars{n}"),
            5 => format!("trailing{n}_"),
            6 => format!("{}{n}", self.keyword()),
            _ => format!("field_{n}"),
        }
    }

    /// Words that mean something elsewhere, and may name things.
    pub(crate) fn keyword(&mut self) -> &'static str {
        self.pick(&[
            "message", "enum", "option", "syntax", "package", "to", "max", "stream", "returns",
            "default", "import", "oneof", "map", "inf", "nan", "weak", "extend",
        ])
    }

    /// A type that the file sees.
    pub(crate) fn a_type(&mut self, wanted: impl Fn(&Symbol) -> bool) -> Option<Symbol> {
        let world = &self.world;
        let symbols = world.symbols.iter();
        let seen: Vec<_> = symbols
            .filter(|symbol| world.sees(self.file, symbol.file) && wanted(symbol))
            .cloned()
            .collect();
        match seen.len() {
            0 => None,
            count => Some(seen[self.rng.usize(..count)].clone()),
        }
    }

    /// How to spell `full_name` in `scope`.
    pub(crate) fn spelled(&mut self, scope: &str, full_name: &str) -> String {
        let mut ways = vec![format!(".{full_name}")];
        let mut wrong = Vec::new();
        let starts = full_name.match_indices('.').map(|(dot, _)| dot + 1);
        for start in starts.chain([0]) {
            let name = &full_name[start..];
            match self.world.look_up(self.file, scope, name) {
                Some(found) if found.full_name == full_name => ways.push(name.to_owned()),
                _ => wrong.push(name.to_owned()),
            }
        }
        if !wrong.is_empty() && self.strikes("a name that means something else here") {
            return wrong[self.rng.usize(..wrong.len())].clone();
        }
        ways[self.rng.usize(..ways.len())].clone()
    }

    /// A message that the file sees, as it is spelled in `scope`.
    pub(crate) fn a_message(&mut self, scope: &str) -> String {
        if self.strikes("a type that is not defined") {
            let missing = ["Missing", "foo.Missing", ".Missing", ".foo.bar.Missing"];
            return self.pick(&missing).to_owned();
        }
        let hidden = {
            let world = &self.world;
            let mut symbols = world.symbols.iter();
            let hidden = symbols.find(|symbol| !world.sees(self.file, symbol.file));
            hidden.map(|symbol| symbol.full_name.clone())
        };
        if let Some(hidden) = hidden
            && self.strikes("a type that is not imported")
        {
            return format!(".{hidden}");
        }
        let found = self.a_type(|symbol| matches!(symbol.kind, Kind::Message { .. }));
        match found {
            Some(message) => self.spelled(scope, &message.full_name),
            None => scope.rsplit('.').next().unwrap_or_default().to_owned(),
        }
    }

    pub(crate) fn package(&self) -> String {
        self.world.files[self.file].package.clone()
    }

    /// Declares a name of the file.
    pub(crate) fn declare(&mut self, scope: &str, name: &str, kind: Kind) -> String {
        let full_name = join(scope, name);
        self.world.symbols.push(Symbol {
            full_name: full_name.clone(),
            file: self.file,
            kind,
        });
        full_name
    }
}
