//! Fields: of messages, of oneofs, of extensions; maps, groups, numbers, defaults.
//! It refuses what the syntax of the file forbids, unless that is the fault to make.

use super::{
    Generator,
    literals::{KEYS, SCALARS},
    messages::Numbers,
    tokens::{Tokens, words},
    world::{Kind, Symbol},
};

/// Where a field stands.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Message,
    Oneof,
    Extension,
}

impl Generator {
    /// One field, and what it brings along.
    pub(crate) fn field(&mut self, scope: &str, place: Place, numbers: &mut Numbers) -> Tokens {
        let map_in_place = match place {
            Place::Message => self.once_in(8),
            Place::Oneof => self.strikes("a map in a oneof"),
            Place::Extension => self.strikes("a map as an extension"),
        };
        if map_in_place {
            return self.map(scope, numbers);
        }
        let group_in_place = !self.is_proto3 && self.depth < 2 && self.once_in(14);
        if group_in_place || self.is_proto3 && self.strikes("a group in proto3") {
            return self.group(scope, place, numbers);
        }
        let label = self.label(place);
        let mut tokens = words(label);
        let (name, number) = (self.field_name(numbers), self.field_number(numbers));
        let (kind, options) = match self.rng.u32(..10) {
            0..=5 => self.scalar(label, place),
            6 | 7 => self.of_enum(scope, label),
            _ => (words(&self.a_message(scope)), self.options_of_message()),
        };
        tokens.extend(kind);
        tokens.extend(words(&format!("{name} = {number}")));
        tokens.extend(self.option_list("field", options));
        tokens.push(";".to_owned());
        tokens
    }

    fn label(&mut self, place: Place) -> &'static str {
        if place == Place::Oneof {
            return match self.strikes("a label in a oneof") {
                true => self.pick(&["optional", "repeated", "required"]),
                false => "",
            };
        }
        if self.is_proto3 {
            return match self.strikes("a required field in proto3") {
                true => "required",
                false => self.pick(&["", "", "optional", "repeated"]),
            };
        }
        if self.strikes("a field without a label in proto2") {
            return "";
        }
        match place {
            Place::Extension if self.strikes("a required extension") => "required",
            Place::Extension => self.pick(&["optional", "repeated"]),
            _ => self.pick(&["optional", "optional", "repeated", "required"]),
        }
    }

    fn field_name(&mut self, numbers: &mut Numbers) -> String {
        let last = numbers.names.last().cloned();
        let name = match last {
            Some(last) if self.strikes("two fields of a name") => last,
            Some(last) if self.strikes("two fields of a name in JSON") => format!("{last}_"),
            _ if self.strikes("a field with a reserved name") => "gone".to_owned(),
            _ if self.strikes("a name that is none") => self
                .pick(&["1a", "a-b", "\"a\"", "a.b", "größe", "$a", ""])
                .to_owned(),
            _ => self.fresh(),
        };
        numbers.names.push(name.clone());
        name
    }

    fn field_number(&mut self, numbers: &mut Numbers) -> String {
        let last = numbers.used.last().copied();
        if let Some(last) = last
            && self.strikes("a number used twice")
        {
            return last.to_string();
        }
        if numbers.reserved && self.strikes("a reserved number") {
            return self.pick(&["1000", "1015", "0x500"]).to_owned();
        }
        if numbers.extensions && self.strikes("a number that is for extensions") {
            return self.pick(&["2000", "2005", "2020"]).to_owned();
        }
        if self.strikes("a number that no field may have") {
            let odd = [
                "0",
                "19000",
                "19999",
                "536870912",
                "4294967296",
                "-1",
                "1.0",
                "0x20000000",
                "99999999999999999999",
                "a",
                "\"1\"",
                "08",
                "1e1",
                "max",
            ];
            return self.pick(&odd).to_owned();
        }
        let number = numbers.next.take().unwrap_or_else(|| {
            loop {
                let number = match self.rng.u32(..12) {
                    0 => self.pick(&[18999, 20000, 15, 16, 2047, 2048]),
                    1 if !numbers.is_full => self.pick(&[536_870_911, 600_001]),
                    _ => self.rng.u32(1..999),
                };
                if !numbers.used.contains(&number) {
                    break number;
                }
            }
        });
        numbers.used.push(number);
        match self.rng.u32(..12) {
            0 => format!("0x{number:X}"),
            1 => format!("0{number:o}"),
            _ => number.to_string(),
        }
    }

    fn scalar(&mut self, label: &str, place: Place) -> (Tokens, Vec<Tokens>) {
        let scalar = self.pick(&SCALARS);
        let mut options = Vec::new();
        let may_default = !self.is_proto3 && label != "repeated";
        let wrong_place = !may_default && self.strikes("a default where there can be none");
        if may_default && self.once_in(3) || wrong_place {
            let mut option = words("default =");
            option.extend(self.value(
                scalar,
                ["a default of the wrong type", "a default out of range"],
            ));
            if self.strikes("two defaults") {
                options.push(option.clone());
            }
            options.push(option);
        }
        let is_packable = !["string", "bytes"].contains(&scalar) && label == "repeated";
        let wrong_packed = !is_packable && self.strikes("packed where nothing can be");
        if is_packable && self.once_in(3) || wrong_packed {
            let packed = if wrong_packed {
                "true"
            } else {
                self.pick(&["true", "false"])
            };
            options.push(words(&format!("packed = {packed}")));
        }
        if place != Place::Extension && self.once_in(12) {
            let n = self.number();
            options.push(words(&format!("json_name = \"json{n}\"")));
        } else if place == Place::Extension && self.strikes("a json_name of an extension") {
            options.push(words("json_name = \"other\""));
        }
        if scalar.ends_with("64") && self.once_in(8) {
            options.push(words("jstype = JS_STRING"));
        } else if !scalar.ends_with("64") && self.strikes("jstype of something small") {
            options.push(words("jstype = JS_NUMBER"));
        }
        if ["string", "bytes"].contains(&scalar) && self.once_in(10) {
            options.push(words("ctype = CORD"));
        }
        (words(scalar), options)
    }

    fn of_enum(&mut self, scope: &str, label: &str) -> (Tokens, Vec<Tokens>) {
        let Some(found) = self.an_enum(|_| true) else {
            return (words("bool"), Vec::new());
        };
        let mut options = Vec::new();
        let Kind::Enum { values, .. } = &found.kind else {
            return (words("bool"), options);
        };
        if !self.is_proto3 && label != "repeated" && !values.is_empty() && self.once_in(3) {
            let value = match self.strikes("a default that the enum does not have") {
                true => self
                    .pick(&["NONE", "1", "\"NONE\"", "-1", "Enum1.NONE"])
                    .to_owned(),
                false => values[self.rng.usize(..values.len())].clone(),
            };
            options.push(words(&format!("default = {value}")));
        }
        let spelled = self.spelled(scope, &found.full_name);
        (words(&spelled), options)
    }

    /// An enum that the file may use, and that is as wanted.
    fn an_enum(&mut self, wanted: impl Fn(&Symbol) -> bool) -> Option<Symbol> {
        let closed: Vec<usize> = (0..self.world.files.len())
            .filter(|file| !self.world.files[*file].is_proto3)
            .collect();
        let is_closed = |symbol: &Symbol| closed.contains(&symbol.file);
        let is_enum = |symbol: &Symbol| matches!(symbol.kind, Kind::Enum { .. });
        let is_proto3 = self.is_proto3;
        if is_proto3 && self.wanted == Some("an enum of proto2 in proto3") {
            let found = self.a_type(|symbol| is_enum(symbol) && is_closed(symbol));
            if found.is_some() && self.strikes("an enum of proto2 in proto3") {
                return found;
            }
        }
        self.a_type(|symbol| is_enum(symbol) && !(is_proto3 && is_closed(symbol)) && wanted(symbol))
    }

    fn options_of_message(&mut self) -> Vec<Tokens> {
        let mut options = Vec::new();
        if self.strikes("a default of a message") {
            options.push(words("default = 1"));
        }
        if self.once_in(12) {
            options.push(words("lazy = true"));
        }
        options
    }

    fn map(&mut self, scope: &str, numbers: &mut Numbers) -> Tokens {
        let key = match self.strikes("a map with a key that cannot be one") {
            true => self.pick(&["double", "float", "bytes", "Missing", "map<int32,int32>"]),
            false => self.pick(&KEYS),
        };
        let value = match self.rng.u32(..4) {
            0 => self.a_message(scope),
            1 => {
                let wrong = self.wanted == Some("a map of an enum that does not start at 0");
                let found = self.an_enum(|symbol| match &symbol.kind {
                    Kind::Enum { starts_at_zero, .. } => *starts_at_zero != wrong,
                    _ => false,
                });
                match found {
                    Some(found) => {
                        if wrong && !self.strikes("a map of an enum that does not start at 0") {
                            "bool".to_owned()
                        } else {
                            self.spelled(scope, &found.full_name)
                        }
                    }
                    None => "string".to_owned(),
                }
            }
            _ => self.pick(&SCALARS).to_owned(),
        };
        let label = match self.strikes("a map with a label") {
            true => self.pick(&["repeated", "optional", "required"]),
            false => "",
        };
        let mut tokens = words(&format!("{label} map < {key} , "));
        tokens.extend(words(&value));
        let (name, number) = (self.field_name(numbers), self.field_number(numbers));
        tokens.extend(words(&format!("> {name} = {number}")));
        tokens.extend(self.option_list("field", Vec::new()));
        tokens.push(";".to_owned());
        tokens
    }

    fn group(&mut self, scope: &str, place: Place, numbers: &mut Numbers) -> Tokens {
        let label = self.label(place);
        let n = self.number();
        let name = match self.strikes("a group with a small letter") {
            true => format!("group{n}"),
            false => format!("Group{n}"),
        };
        let number = self.field_number(numbers);
        let full_name = self.group_scope(scope, &name);
        let mut tokens = words(&format!("{label} group {name} = {number}"));
        tokens.extend(self.option_list("field", Vec::new()));
        tokens.push("{".to_owned());
        self.depth += 1;
        tokens.extend(self.body(&full_name, None, &[]));
        self.depth -= 1;
        tokens.push("}".to_owned());
        tokens
    }
}
