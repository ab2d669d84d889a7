//! Messages: fields, oneofs, what is nested, reserved and extension ranges, and blocks of extensions.
//! It refuses to spell a field: `fields.rs` does.

use super::{
    Generator,
    fields::Place,
    tokens::{Tokens, words},
    world::{Kind, join},
};

/// A message whose name is declared and whose body is not written yet.
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) symbol: usize,
    pub(crate) nested: Vec<Message>,
}

impl Generator {
    /// A message with its body.
    pub(crate) fn message(&mut self, message: &Message) -> Tokens {
        let mut tokens = words(&format!("message {} {{", message.name));
        tokens.extend(self.body(&message.full_name, Some(message.symbol), &message.nested));
        tokens.push("}".to_owned());
        tokens
    }

    /// The body of a message or a group. Only a message has a symbol, and extensions.
    pub(crate) fn body(
        &mut self,
        scope: &str,
        symbol: Option<usize>,
        nested: &[Message],
    ) -> Tokens {
        let mut items: Vec<Tokens> = Vec::new();
        for _ in 0..self.pick(&[0, 0, 0, 1]) {
            items.push(self.enumeration(scope));
        }
        for message in nested {
            items.push(self.message(message));
        }
        let mut numbers = Numbers::default();
        items.extend(self.ranges(symbol, &mut numbers));
        for _ in 0..self.pick(&[0, 1, 2, 3, 4, 6]) {
            items.push(self.field(scope, Place::Message, &mut numbers));
        }
        for _ in 0..self.pick(&[0, 0, 0, 1, 2]) {
            items.push(self.oneof(scope, &mut numbers));
        }
        for _ in 0..self.pick(&[0, 0, 0, 1]) {
            items.push(self.option_statement("message"));
        }
        if symbol.is_some() && self.once_in(12) {
            items.extend(self.extension_block(scope));
        }
        if self.once_in(20) {
            items.push(words(";"));
        }
        if self.strikes("something that no message holds") {
            let odd = [
                "int32 = 1 ;",
                "service A { }",
                "rpc a ( B ) ;",
                "int32 a ;",
                "a = 1 ;",
                "import \"a\" ;",
                "int32 a 1 ;",
                "package a ;",
                "option ;",
                "reserved ;",
            ];
            items.push(words(self.pick(&odd)));
        }
        self.rng.shuffle(&mut items);
        items.into_iter().flatten().collect()
    }

    fn oneof(&mut self, scope: &str, numbers: &mut Numbers) -> Tokens {
        let name = self.fresh();
        let mut items = Vec::new();
        if !self.strikes("a oneof without a field") {
            for _ in 0..self.pick(&[1, 2, 3]) {
                items.push(self.field(scope, Place::Oneof, numbers));
            }
        }
        for _ in 0..self.pick(&[0, 0, 0, 1]) {
            items.push(self.option_statement("oneof"));
        }
        self.rng.shuffle(&mut items);
        let mut tokens = words(&format!("oneof {name} {{"));
        tokens.extend(items.into_iter().flatten());
        tokens.push("}".to_owned());
        tokens
    }

    /// Reserved ranges and names, and ranges for extensions.
    fn ranges(&mut self, symbol: Option<usize>, numbers: &mut Numbers) -> Vec<Tokens> {
        let mut items = Vec::new();
        if self.once_in(5) {
            items.push(words("reserved 1000 , 1010 to 1020 , 0x500 to 02500 ;"));
            numbers.reserved = true;
        }
        if self.once_in(6) {
            items.push(words("reserved \"gone\" , 'lost' ;"));
            if self.strikes("a name reserved twice") {
                items.push(words("reserved \"gone\" ;"));
            }
        }
        if self.once_in(10) {
            items.push(words("reserved 600000 to max ;"));
            numbers.is_full = true;
        }
        if self.strikes("reserved numbers that overlap or end early") {
            let odd = [
                "reserved 3000 , 3000 ;",
                "reserved 3010 to 3020 , 3015 to 3030 ;",
                "reserved 3009 to 3008 ;",
                "reserved 0 ;",
                "reserved 3000 to 600000000 ;",
                "reserved 536870912 ;",
                "reserved -1 ;",
                "reserved 1 to a ;",
                "reserved max ;",
            ];
            items.push(words(self.pick(&odd)));
        }
        if self.strikes("reserved names that are none") {
            let odd = [
                "reserved gone ;",
                "reserved \"a\" , 5 ;",
                "reserved \"a b\" ;",
                "reserved 5 \"a\" ;",
                "reserved \"\" ;",
            ];
            items.push(words(self.pick(&odd)));
        }
        let may_extend = symbol.filter(|_| !self.is_proto3 || self.wanted_is("ranges in proto3"));
        if let Some(symbol) = may_extend
            && (!self.is_proto3 && self.once_in(3)
                || self.is_proto3 && self.strikes("ranges in proto3"))
        {
            let mut free = vec![(2000, 2010), (2020, 2021)];
            let mut tokens = words("extensions 2000 to 2009 , 2020");
            if !numbers.is_full && self.once_in(3) {
                tokens.extend(words(", 600000 to max"));
                numbers.is_full = true;
                free.push((600_000, 536_870_912));
            }
            tokens.extend(self.option_list("range", Vec::new()));
            tokens.push(";".to_owned());
            items.push(tokens);
            if self.strikes("ranges of extensions that overlap or end early") {
                let odd = [
                    "extensions 2005 ;",
                    "extensions 2010 to 2008 ;",
                    "extensions 0 ;",
                    "reserved 2004 to 2030 ;",
                    "extensions 700000000 ;",
                    "extensions 1 to 2 3 ;",
                ];
                items.push(words(self.pick(&odd)));
            }
            if !self.is_proto3 {
                self.world.symbols[symbol].kind = Kind::Message { extensions: free };
                numbers.extensions = true;
            }
        }
        items
    }

    fn wanted_is(&self, fault: &str) -> bool {
        self.wanted == Some(fault)
    }

    /// A block of extensions of some message that has ranges for them.
    pub(crate) fn extension_block(&mut self, scope: &str) -> Option<Tokens> {
        if self.is_proto3 && !self.wanted_is("an extension in proto3") {
            return None;
        }
        let extended = self.a_type(
            |symbol| matches!(&symbol.kind, Kind::Message { extensions } if !extensions.is_empty()),
        )?;
        if self.is_proto3 && !self.strikes("an extension in proto3") {
            return None;
        }
        let mut tokens = words(&format!(
            "extend {} {{",
            self.spelled(scope, &extended.full_name)
        ));
        let mut taken = Numbers::default();
        for _ in 0..self.pick(&[1, 1, 2]) {
            let number = self.extension_number(&extended.full_name)?;
            taken.next = Some(number);
            tokens.extend(self.field(scope, Place::Extension, &mut taken));
        }
        tokens.push("}".to_owned());
        Some(tokens)
    }

    /// Takes a number that no extension of the message has.
    fn extension_number(&mut self, full_name: &str) -> Option<u32> {
        let symbols = self.world.symbols.iter_mut();
        let mut found = symbols.filter(|symbol| symbol.full_name == full_name);
        let Kind::Message { extensions } = &mut found.next()?.kind else {
            return None;
        };
        let range = extensions.first_mut()?;
        let number = range.0;
        range.0 += 1;
        if range.0 >= range.1 {
            extensions.remove(0);
        }
        if self.strikes("an extension number outside of the ranges") {
            return Some(1999);
        }
        if self.strikes("an extension number twice") {
            return Some(if number == 2000 { 2000 } else { number - 1 });
        }
        Some(number)
    }

    /// The name of a group's message, declared in `scope`.
    pub(crate) fn group_scope(&mut self, scope: &str, name: &str) -> String {
        self.declare(
            scope,
            name,
            Kind::Message {
                extensions: Vec::new(),
            },
        );
        join(scope, name)
    }
}

/// The numbers of a message: those given, and what its ranges leave.
#[derive(Default)]
pub(crate) struct Numbers {
    pub(crate) used: Vec<u32>,
    /// The names of its fields.
    pub(crate) names: Vec<String>,
    /// The number that the next field has to have.
    pub(crate) next: Option<u32>,
    /// 1000 and others are reserved; 2000 and others are for extensions; nothing from 600000 on is left.
    pub(crate) reserved: bool,
    pub(crate) extensions: bool,
    pub(crate) is_full: bool,
}
