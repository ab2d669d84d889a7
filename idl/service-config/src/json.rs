//! JSON whose values know where they stand: serde_json's raw values are parts of the text that they came from.
//! It refuses what RFC 8259 does not allow, and an object that has a name twice.

use std::fmt;

use serde_core::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Place;

/// How far apart the positions are that are remembered, in bytes: a place costs no more than reading so much, however
/// long a line is.
const STEP: usize = 1024;

/// A text, and its lines.
pub(crate) struct Text<'a> {
    text: &'a str,
    /// Offsets, each with its line and its column, from 1.
    marks: Vec<(usize, u32, u32)>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut marks = vec![(0, 1, 1)];
        let (mut line, mut column) = (1, 1);
        for (at, c) in text.char_indices() {
            if at >= marks.len() * STEP {
                marks.push((at, line, column));
            }
            (line, column) = after(c, line, column);
        }
        Self { text, marks }
    }

    /// The place of a part of this text.
    pub(crate) fn place(&self, part: &str, path: String) -> Place {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let (line, column) = self.position(start);
        let (end_line, end_column) = self.position(start + part.len());
        Place {
            path,
            line,
            column,
            end_line,
            end_column,
        }
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let mark = self.marks.partition_point(|(at, ..)| *at <= offset);
        let (at, line, column) = self.marks[mark.saturating_sub(1)];
        let between = self.text.get(at..offset).unwrap_or_default();
        between
            .chars()
            .fold((line, column), |(line, column), c| after(c, line, column))
    }

    /// The name in front of a value of an object.
    pub(crate) fn name_of(&self, value: &str) -> &'a str {
        let start = (value.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..start).unwrap_or_default().trim_end();
        let before = before.strip_suffix(':').unwrap_or(before).trim_end();
        let inner = before.strip_suffix('"').unwrap_or(before);
        // One with a quote in it is marked in part: that is enough to find it.
        before
            .get(inner.rfind('"').unwrap_or(0)..)
            .unwrap_or_default()
    }
}

fn after(c: char, line: u32, column: u32) -> (u32, u32) {
    match c {
        '\n' => (line.saturating_add(1), 1),
        _ => (line, column.saturating_add(1)),
    }
}

/// A value, not looked into yet.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(&'a RawValue);

/// What kinds of values there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

impl<'a> Node<'a> {
    /// The one value of a text.
    ///
    /// # Errors
    /// Where and why it is no JSON.
    pub(crate) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    /// The text of the value.
    pub(crate) fn text(self) -> &'a str {
        self.0.get()
    }

    pub(crate) fn kind(self) -> Kind {
        match self.text().as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Nothing where it is no boolean.
    pub(crate) fn bool(self) -> Option<bool> {
        serde_json::from_str(self.text()).ok()
    }

    /// Nothing where it is no string, or one with half a surrogate in it.
    pub(crate) fn string(self) -> Option<String> {
        serde_json::from_str(self.text()).ok()
    }

    /// Nothing where it is no array.
    pub(crate) fn elements(self) -> Option<Vec<Self>> {
        let all: Vec<&'a RawValue> = serde_json::from_str(self.text()).ok()?;
        Some(all.into_iter().map(Self).collect())
    }

    /// Nothing where it is no object.
    pub(crate) fn fields(self) -> Option<Vec<(String, Self)>> {
        let Fields(all) = serde_json::from_str(self.text()).ok()?;
        Some(all)
    }
}

/// The fields of an object, in their order, those too that are there twice.
struct Fields<'a>(Vec<(String, Node<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for All<'a> {
            type Value = Fields<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    all.push((name, Node(value)));
                }
                Ok(Fields(all))
            }
        }
        deserializer.deserialize_map(All(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot read has failed")]

    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let source = "{\n  \"ä\": [1,\n   \"x\"], \"b\" : true}";
        let text = Text::new(source);
        let root = Node::read(source).unwrap();
        let fields = root.fields().unwrap();
        let elements = fields[0].1.elements().unwrap();
        for (node, line, column, end) in [
            (root, 1, 1, (3, 21)),
            (fields[0].1, 2, 8, (3, 8)),
            (elements[0], 2, 9, (2, 10)),
            (elements[1], 3, 4, (3, 7)),
            (fields[1].1, 3, 16, (3, 20)),
        ] {
            let place = text.place(node.text(), String::new());
            assert_eq!(
                (place.line, place.column),
                (line, column),
                "{}",
                node.text()
            );
            assert_eq!((place.end_line, place.end_column), end, "{}", node.text());
        }
        assert_eq!(text.name_of(fields[0].1.text()), "\"ä\"");
        assert_eq!(text.name_of(fields[1].1.text()), "\"b\"");
    }

    #[test]
    fn a_place_far_into_a_line_is_found() {
        let source = format!("[{}7]", "\"ä\", ".repeat(5000));
        let text = Text::new(&source);
        let last = Node::read(&source).unwrap().elements().unwrap();
        let place = text.place(last.last().unwrap().text(), String::new());
        assert_eq!((place.line, place.column), (1, 25_002));
    }
}
