//! Enums: values, aliases, reserved numbers and names.
//! It refuses names of values that another enum of the scope has, unless that is the fault to make.

use super::{
    Generator,
    tokens::{Tokens, words},
    world::Kind,
};

impl Generator {
    /// Declares an enum in `scope`.
    pub(crate) fn enumeration(&mut self, scope: &str) -> Tokens {
        let n = self.number();
        let name = format!("Enum{n}");
        let count = match self.strikes("an enum without a value") {
            true => 0,
            false => self.rng.usize(1..6),
        };
        let mut numbers: Vec<i64> = Vec::new();
        for index in 0..count {
            let number = match index {
                0 if self.is_proto3 => 0,
                0 => self.pick(&[0, 0, 0, 1, -1]),
                _ => self.unused(&numbers),
            };
            numbers.push(number);
        }
        let starts_at_zero = numbers.first() == Some(&0);
        if let Some(first) = numbers.first_mut()
            && self.is_proto3
            && self.strikes("an enum of proto3 that does not start at 0")
        {
            *first = 77;
        }
        let mut items: Vec<Tokens> = Vec::new();
        if count > 1 && self.once_in(6) {
            let at = self.rng.usize(1..count);
            numbers[at] = numbers[self.rng.usize(..at)];
            if !self.strikes("two values of a number, without an alias") {
                items.push(words("option allow_alias = true ;"));
            }
        } else if self.strikes("an alias that is none") {
            items.push(words("option allow_alias = true ;"));
        }
        let mut values = Vec::new();
        let mut statements: Vec<Tokens> = Vec::new();
        for (index, number) in numbers.iter().enumerate() {
            let mut value = format!("VALUE{n}_{index}");
            if index > 0 && self.strikes("two values of a name") {
                value = format!("VALUE{n}_0");
            }
            values.push(value.clone());
            let mut number = number.to_string();
            if self.strikes("a value too large for an enum") {
                number = self
                    .pick(&["2147483648", "-2147483649", "1.5", "MAX"])
                    .to_owned();
            }
            let mut statement = words(&format!("{value} ="));
            statement.extend(super::literals::signed(&number));
            statement.extend(self.option_list("value", Vec::new()));
            statement.push(";".to_owned());
            statements.push(statement);
        }
        items.extend(self.reserved_of_enum(&numbers, &values));
        for _ in 0..self.pick(&[0, 0, 0, 1]) {
            items.push(self.option_statement("enum"));
        }
        let before = self.rng.usize(..=items.len());
        let after = items.split_off(before);
        self.declare(
            scope,
            &name,
            Kind::Enum {
                values,
                starts_at_zero,
            },
        );
        let mut tokens = words(&format!("enum {name} {{"));
        tokens.extend(items.into_iter().chain(statements).chain(after).flatten());
        tokens.push("}".to_owned());
        tokens
    }

    fn unused(&mut self, numbers: &[i64]) -> i64 {
        loop {
            let number = match self.rng.u32(..8) {
                0 => self.pick(&[2_147_483_647, -2_147_483_648, -1, 65_536]),
                _ => self.rng.i64(1..60),
            };
            if !numbers.contains(&number) {
                return number;
            }
        }
    }

    fn reserved_of_enum(&mut self, numbers: &[i64], values: &[String]) -> Vec<Tokens> {
        let mut items = Vec::new();
        if self.once_in(6) {
            items.push(words("reserved 100 , 110 to 120 , 1000000 to max ;"));
            if numbers.contains(&2_147_483_647) {
                items.pop();
            }
        }
        if self.once_in(8) {
            items.push(words("reserved -20 to -10 , -5 ;"));
        }
        if self.once_in(8) {
            items.push(words("reserved \"GONE\" , \"LOST\" ;"));
        }
        if self.strikes("reserved numbers of an enum that overlap or end early") {
            let odd = [
                "reserved 200 , 200 ;",
                "reserved 210 to 220 , 215 ;",
                "reserved 9 to 8 ;",
            ];
            items.push(words(self.pick(&odd)));
        }
        if let [.., last] = numbers
            && self.strikes("a value with a reserved number")
        {
            items.push(words(&format!("reserved {last} ;")));
        }
        if let [.., last] = values
            && self.strikes("a value with a reserved name")
        {
            items.push(words(&format!("reserved \"{last}\" ;")));
        }
        items
    }
}
