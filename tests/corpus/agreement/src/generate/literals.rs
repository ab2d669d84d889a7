//! Scalar types and their values, in all the ways in which they are written.
//! It refuses values that do not fit, unless that is the fault to make.

use super::Generator;

pub(crate) const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes",
];

/// The types that a map may have as keys.
pub(crate) const KEYS: [&str; 12] = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "bool", "string",
];

impl Generator {
    /// A value of a scalar type; tokens stand apart. `where_` says of what: faults differ.
    pub(crate) fn value(&mut self, scalar: &str, faults: [&'static str; 2]) -> Vec<String> {
        let [wrong_type, out_of_range] = faults;
        if self.strikes(wrong_type) {
            return self.value_of_another(scalar);
        }
        let is_number = !["bool", "string", "bytes"].contains(&scalar);
        if is_number && !["double", "float"].contains(&scalar) && self.strikes(out_of_range) {
            let far = [
                "4294967296",
                "-2147483649",
                "18446744073709551616",
                "-9223372036854775809",
                "99999999999999999999999",
                "0x1FFFFFFFFFFFFFFFF",
                "-1",
                "9223372036854775808",
                "2147483648",
            ];
            return signed(self.pick(&far));
        }
        let text = match scalar {
            "bool" => self.pick(&["true", "false"]),
            "string" => return self.string(false),
            "bytes" => return self.string(true),
            "double" | "float" => self.pick(&[
                "0",
                "1.5",
                "-2.25",
                "1e10",
                "1E-3",
                "inf",
                "-inf",
                "nan",
                "-nan",
                ".5",
                "3.",
                "12345678901234567890",
                "-7",
                "1.7976931348623157e308",
                "-0.0",
                "1e400",
                "0.1",
                "3.4028235e38",
                "1.17549435e-38",
                "123456789.123456789",
                "5e-324",
            ]),
            "int32" | "sint32" | "sfixed32" => self.pick(&[
                "0",
                "1",
                "-1",
                "2147483647",
                "-2147483648",
                "0x7fffffff",
                "017",
                "-0x10",
                "-017",
                "0X1f",
                "-0",
            ]),
            "int64" | "sint64" | "sfixed64" => self.pick(&[
                "0",
                "-1",
                "9223372036854775807",
                "-9223372036854775808",
                "0x7fffffffffffffff",
                "01777",
                "-0x8000000000000000",
            ]),
            "uint32" | "fixed32" => {
                self.pick(&["0", "4294967295", "0xFFFFFFFF", "037777777777", "12"])
            }
            _ => self.pick(&[
                "0",
                "18446744073709551615",
                "0xffffffffffffffff",
                "01777777777777777777777",
                "9",
            ]),
        };
        signed(text)
    }

    fn value_of_another(&mut self, scalar: &str) -> Vec<String> {
        match scalar {
            "bool" => signed(self.pick(&["1", "\"true\"", "True", "0", "-1", "inf", "{ }"])),
            "string" | "bytes" => signed(self.pick(&["1", "true", "-1.5", "name", "{ }", "inf"])),
            "double" | "float" => signed(self.pick(&["\"1\"", "true", "INF", "{ }", "-name"])),
            _ => signed(self.pick(&["1.5", "\"1\"", "true", "-1.0", "inf", "-inf", "{ }", "1e3"])),
        }
    }

    /// A string of one or more pieces.
    pub(crate) fn string(&mut self, is_bytes: bool) -> Vec<String> {
        let mut pieces = vec![self.piece(is_bytes)];
        while self.once_in(8) {
            pieces.push(self.piece(is_bytes));
        }
        pieces
    }

    fn piece(&mut self, is_bytes: bool) -> String {
        if self.strikes("an escape that is none") {
            let bad = [
                r#""\q""#,
                r#""\x""#,
                r#""\u12""#,
                r#""\U00110000""#,
                r#""\8""#,
                r#""\xg""#,
            ];
            return self.pick(&bad).to_owned();
        }
        if is_bytes && self.once_in(3) {
            let odd = [r#""\xff\xFE""#, r#""\377\0""#, r#"'\x80'"#, r#""\200abc""#];
            return self.pick(&odd).to_owned();
        }
        let good = [
            r#""""#,
            r#"''"#,
            r#""text""#,
            r#"'single "double"'"#,
            r#""it's""#,
            r#""a\nb\tc""#,
            r#""\\ \' \" \?""#,
            r#""\a\b\f\r\v""#,
            r#""\x41\101\u00e9""#,
            r#""größe €""#,
            r#""\U0001F600""#,
            r#""\0end""#,
            r#"'// no comment'"#,
            r#""/* nor this */""#,
            r#""\1012""#,
            r#""\x414""#,
            r#""{ } ; =""#,
            "\"tab\there\"",
        ];
        self.pick(&good).to_owned()
    }
}

/// A literal with its sign as a token of its own.
pub(crate) fn signed(text: &str) -> Vec<String> {
    match text.strip_prefix('-') {
        Some(rest) => vec!["-".to_owned(), rest.to_owned()],
        None if text == "{ }" => vec!["{".to_owned(), "}".to_owned()],
        None => vec![text.to_owned()],
    }
}
