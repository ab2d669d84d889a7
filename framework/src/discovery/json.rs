//! What an instance's record needs of JSON: one object of strings, and objects of strings in it.
//! It refuses numbers, lists and deeper objects as values to give; it steps over them, to a bounded depth.

use std::fmt::{self, Display, Formatter};

/// How deep lists and objects may stand in each other: enough for what others add, and no deeper than any stack.
const DEEPEST: usize = 16;

/// A value, as far as it is of use here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Object(Vec<(String, Value)>),
    /// Stepped over.
    Other(&'static str),
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoJson {
    at: usize,
    wanted: &'static str,
}

impl Display for NoJson {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: expected {}", self.at, self.wanted)
    }
}

/// Reads one value, and nothing after it but white space.
pub(super) fn parse(text: &str) -> Result<Value, NoJson> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.wanted("the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, NoJson> {
        self.space();
        if depth > DEEPEST {
            return Err(self.wanted("less depth"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.list(depth).map(|()| Value::Other("a list")),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| Value::Other("a number")),
            _ => self.word().map(Value::Other),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<(String, Value)>, NoJson> {
        let mut fields = Vec::new();
        self.at += 1;
        self.space();
        if self.skip(b'}') {
            return Ok(fields);
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wanted("a name in quotes"));
            }
            let name = self.string()?;
            self.space();
            if !self.skip(b':') {
                return Err(self.wanted("a colon"));
            }
            fields.push((name, self.value(depth + 1)?));
            self.space();
            if self.skip(b'}') {
                return Ok(fields);
            }
            if !self.skip(b',') {
                return Err(self.wanted("a comma or a closing brace"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), NoJson> {
        self.at += 1;
        self.space();
        if self.skip(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            if self.skip(b']') {
                return Ok(());
            }
            if !self.skip(b',') {
                return Err(self.wanted("a comma or a closing bracket"));
            }
        }
    }

    fn string(&mut self) -> Result<String, NoJson> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.wanted("a closing quote")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NoJson> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'u') => return self.unicode(),
            Some(c @ (b'"' | b'\\' | b'/')) => c.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.wanted("an escape as JSON has it")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, NoJson> {
        let high = self.unit()?;
        let code = match high {
            0xd800..0xdc00 if self.rest().starts_with("\\u") => {
                self.at += 1;
                let low = self.unit()?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Err(self.wanted("the second half of a pair"));
                }
                0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.wanted("a character"))
    }

    /// The four digits after the `u` that stands here.
    fn unit(&mut self) -> Result<u32, NoJson> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wanted("four hexadecimal digits"))?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), NoJson> {
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), NoJson> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wanted("a digit"));
        }
        self.at += end;
        Ok(())
    }

    fn word(&mut self) -> Result<&'static str, NoJson> {
        let word = ["true", "false", "null"]
            .into_iter()
            .find(|word| self.rest().starts_with(word))
            .ok_or_else(|| self.wanted("a value"))?;
        self.at += word.len();
        Ok(word)
    }

    fn space(&mut self) {
        let rest = self.rest();
        let end = rest
            .find(|c| !matches!(c, ' ' | '\t' | '\n' | '\r'))
            .unwrap_or(rest.len());
        self.at += end;
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wanted(&self, wanted: &'static str) -> NoJson {
        NoJson {
            at: self.at,
            wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, why) in [
            ("", "byte 0: expected a value"),
            ("{", "byte 1: expected a name in quotes"),
            ("{\"a\"", "byte 4: expected a colon"),
            ("{\"a\":1", "byte 6: expected a comma or a closing brace"),
            ("[1", "byte 2: expected a comma or a closing bracket"),
            ("\"a", "byte 2: expected a closing quote"),
            ("\"\n\"", "byte 1: expected a closing quote"),
            (r#""\x""#, "byte 2: expected an escape as JSON has it"),
            (r#""\u12""#, "byte 2: expected four hexadecimal digits"),
            (
                r#""\ud800\u0041""#,
                "byte 13: expected the second half of a pair",
            ),
            (r#""\udc00""#, "byte 7: expected a character"),
            ("-", "byte 1: expected a digit"),
            ("1 2", "byte 2: expected the end"),
            ("nul", "byte 0: expected a value"),
            ("é", "byte 0: expected a value"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), why, "{text}");
        }
        let deep = "[".repeat(4096);
        assert_eq!(
            parse(&deep).unwrap_err().to_string(),
            "byte 17: expected less depth"
        );
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    fn is_same(ours: &Value, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Value::Text(ours), serde_json::Value::String(theirs)) => ours == theirs,
            (Value::Object(ours), serde_json::Value::Object(theirs)) => {
                ours.len() == theirs.len()
                    && ours
                        .iter()
                        .all(|(name, value)| is_same(value, &theirs[name]))
            }
            (Value::Other("a list"), theirs) => theirs.is_array(),
            (Value::Other("a number"), theirs) => theirs.is_number(),
            (Value::Other("true"), theirs) => *theirs == true,
            (Value::Other("false"), theirs) => *theirs == false,
            (Value::Other("null"), theirs) => theirs.is_null(),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_others_write(value in values(), pretty: bool) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let ours = parse(&text);
            prop_assert!(ours.as_ref().is_ok_and(|ours| is_same(ours, &value)), "{text} {ours:?}");
        }

        #[test]
        fn others_read_what_it_writes(text: String) {
            let mut out = String::new();
            crate::rt::json::write_text(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text.clone());
            prop_assert_eq!(parse(&out).unwrap(), Value::Text(text));
        }

        #[test]
        fn it_takes_and_refuses_what_others_do(text in r#"[\[\]{}",:0-9a-z\\ue.+ -]{0,12}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // A number too large for them is one all the same.
            let too_large = theirs.as_ref().is_err_and(|why| why.to_string().contains("out of range"));
            prop_assert_eq!(parse(&text).is_ok(), theirs.is_ok() || too_large, "{}", text);
        }
    }
}
