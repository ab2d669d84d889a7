//! The values of a service config, read with their places: what is wrong with one is said, and reading goes on.
//! It refuses to know which fields there are.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::json::{Kind, Node, Text};
use crate::names::nearest;
use crate::{Place, Placed, Problem, Rule, duration};

/// A value and its path from the root.
#[derive(Clone)]
pub(crate) struct At<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) path: String,
}

/// The fields of an object that are asked for by their names.
pub(crate) struct Object<'a> {
    pub(crate) at: At<'a>,
    fields: Vec<(String, Node<'a>)>,
}

impl<'a> Object<'a> {
    /// A field that is set; `null` sets nothing.
    pub(crate) fn field(&self, name: &str) -> Option<At<'a>> {
        let (_, node) = self.fields.iter().find(|(field, _)| field == name)?;
        let path = match self.at.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let node = *node;
        (node.kind() != Kind::Null).then_some(At { node, path })
    }
}

pub(crate) struct Reader<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) problems: Vec<Problem>,
    /// Where each name stands first.
    pub(crate) first: HashMap<(String, String), Place>,
}

impl<'a> Reader<'a> {
    /// An object of which these fields are known; the others are said.
    pub(crate) fn object(&mut self, at: At<'a>, known: &[&str]) -> Option<Object<'a>> {
        let Some(fields) = at.node.fields() else {
            let is_object = at.node.kind() == Kind::Object;
            let what = match is_object {
                true => "an object whose names are text: one has half of a surrogate pair",
                false => "an object",
            };
            return self.no(&at, what);
        };
        let mut seen = HashSet::new();
        for (name, node) in &fields {
            let place = || {
                let path = match at.path.as_str() {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                self.text.place(self.text.name_of(node.text()), path)
            };
            if !seen.insert(name) {
                let message = format!("`{name}` stands twice in one object");
                let twice = Problem::error(Rule::Syntax, place(), message);
                self.problems.push(twice);
            } else if !known.contains(&name.as_str()) {
                let unknown =
                    format!("`{name}` is no field of a service config here, and passed over");
                let unknown = Problem::warning(Rule::Unknown, place(), unknown);
                self.problems.push(match nearest(name, known) {
                    Some(near) => unknown.help(format!("did you mean `{near}`?")),
                    None => unknown,
                });
            }
        }
        Some(Object { at, fields })
    }

    pub(crate) fn array(&mut self, at: &At<'a>) -> Option<Vec<At<'a>>> {
        let Some(elements) = at.node.elements() else {
            return self.no(at, "an array");
        };
        let element = |(index, node)| At {
            node,
            path: format!("{}[{index}]", at.path),
        };
        Some(elements.into_iter().enumerate().map(element).collect())
    }

    pub(crate) fn string(&mut self, at: &At<'a>) -> Option<String> {
        match at.node.string() {
            Some(text) => Some(text),
            None if at.node.kind() == Kind::String => {
                self.wrong(at, "it has half of a surrogate pair in it")
            }
            None => self.no(at, "a string"),
        }
    }

    pub(crate) fn bool(&mut self, at: &At<'a>) -> Option<Placed<bool>> {
        match at.node.bool() {
            Some(value) => Some(self.placed(at, value)),
            None => self.no(at, "`true` or `false`"),
        }
    }

    /// A number of 32 bits without a sign: as such, or in a string, as protobuf's JSON allows.
    pub(crate) fn u32(&mut self, at: &At<'a>) -> Option<Placed<u32>> {
        let text = match at.node.kind() {
            Kind::Number => at.node.text().to_owned(),
            Kind::String => at.node.string().unwrap_or_default(),
            _ => return self.no(at, "a number"),
        };
        // 4.0 and 4e0 are 4 as well.
        let float = || {
            text.parse::<f64>()
                .ok()
                .filter(|float| float.fract() == 0.0)
        };
        let is_in = |float: &f64| (0.0..=f64::from(u32::MAX)).contains(float);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in its bounds"
        )]
        let value = text
            .parse()
            .ok()
            .or_else(|| float().filter(is_in).map(|float| float as u32));
        match value {
            Some(value) => Some(self.placed(at, value)),
            None => {
                let message = format!(
                    "{} is no whole number from 0 to {}",
                    at.node.text(),
                    u32::MAX
                );
                self.wrong(at, message)
            }
        }
    }

    /// A size, which is not zero.
    pub(crate) fn size(&mut self, at: &At<'a>) -> Option<Placed<u32>> {
        let size = self.u32(at)?;
        if size.value > 0 {
            return Some(size);
        }
        let place = self.place(at);
        let zero = Problem::error(
            Rule::Value,
            place,
            "0 bytes refuse every message but an empty one",
        );
        self.problems
            .push(zero.help("leave it out where there is to be no other limit"));
        None
    }

    pub(crate) fn duration(&mut self, at: &At<'a>) -> Option<Placed<Duration>> {
        let Some(text) = at.node.string().filter(|_| at.node.kind() == Kind::String) else {
            return self.no(at, "a duration as in \"1.5s\"");
        };
        match duration::parse(&text) {
            Ok(value) => Some(self.placed(at, value)),
            Err((why, help)) => {
                let message = format!("\"{text}\" is no duration: {why}");
                let wrong = Problem::error(Rule::Value, self.place(at), message);
                self.problems.push(wrong.help(help));
                None
            }
        }
    }

    /// A duration that is not zero.
    pub(crate) fn positive(&mut self, at: &At<'a>) -> Option<Placed<Duration>> {
        let duration = self.duration(at)?;
        if !duration.value.is_zero() {
            return Some(duration);
        }
        let zero = Problem::error(Rule::Value, self.place(at), "it is zero");
        self.problems
            .push(zero.help("leave it out where there is to be none"));
        None
    }

    pub(crate) fn place(&self, at: &At<'a>) -> Place {
        self.text.place(at.node.text(), at.path.clone())
    }

    pub(crate) fn placed<T>(&self, at: &At<'a>, value: T) -> Placed<T> {
        let place = self.place(at);
        Placed { value, place }
    }

    /// Says that a known field is passed over.
    pub(crate) fn idle(&mut self, at: &At<'a>, why: &str) {
        let name = at.path.rsplit('.').next().unwrap_or_default();
        let message = format!("`{name}` is passed over: {why}");
        let idle = Problem::warning(Rule::Idle, self.place(at), message);
        self.problems.push(idle);
    }

    pub(crate) fn wrong<T>(&mut self, at: &At<'a>, message: impl Into<String>) -> Option<T> {
        let wrong = Problem::error(Rule::Value, self.place(at), message);
        self.problems.push(wrong);
        None
    }

    /// It should be something else.
    pub(crate) fn no<T>(&mut self, at: &At<'a>, wanted: &str) -> Option<T> {
        self.wrong(at, format!("it is {}, and not {wanted}", at.node.kind()))
    }
}
