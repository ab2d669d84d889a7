//! A rule of `google.api.routing`: which key it makes of the fields of a request.
//! It refuses to send the key as a header: those who route by such headers are other systems.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::KeyValue;
use super::template::Template;

/// What is encoded: all but `unreserved` of RFC 3986, section 2.3. So has it RFC 6570, section 3.2.2, which
/// <https://google.aip.dev/client-libraries/4222> names for routing headers.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A rule of `google.api.routing`: fields of the request, and what of each is taken. It displays as
/// `name: {shelf=shelves/*}/**, room`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing(&'static [(&'static str, &'static str)]);

impl Routing {
    /// The path of each field with its `path_template`, which is empty where the whole field is taken.
    pub const fn new(parameters: &'static [(&'static str, &'static str)]) -> Self {
        Self(parameters)
    }

    /// The path of each field with its `path_template`.
    pub const fn parameters(self) -> &'static [(&'static str, &'static str)] {
        self.0
    }

    /// The key, of the values of the fields.
    ///
    /// With one name among the parameters it is the value of the last that matches; with several, `name=value` for each
    /// that has one, sorted by name, joined by `&` and percent-encoded. Nothing without a value.
    pub(crate) fn key<'m>(self, values: &[Option<KeyValue<'m>>]) -> Option<Cow<'m, [u8]>> {
        let first = self.names().next()?;
        if self.names().all(|name| name == first) {
            return self.value(first, values);
        }
        let mut key = Vec::new();
        // In an order of their own, so that no call moves when the rule is written in another one. They are few: to
        // look for the next is cheaper than to sort them.
        let mut next = self.names().min();
        while let Some(name) = next {
            if let Some(value) = self.value(name, values) {
                if !key.is_empty() {
                    key.push(b'&');
                }
                key.extend(percent_encode(name.as_bytes(), ENCODED).flat_map(str::bytes));
                key.push(b'=');
                key.extend(percent_encode(&value, ENCODED).flat_map(str::bytes));
            }
            next = self.names().filter(|other| *other > name).min();
        }
        (!key.is_empty()).then_some(Cow::Owned(key))
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let templates = self.0.iter();
        let templates = templates.filter_map(|(field, template)| Template::of(field, template));
        templates.map(|template| template.name)
    }

    /// What the last parameter of this name says that says anything.
    fn value<'m>(self, name: &str, values: &[Option<KeyValue<'m>>]) -> Option<Cow<'m, [u8]>> {
        let parameters = self.0.iter().zip(values).rev();
        let mut found = parameters.filter_map(|((field, template), value)| {
            let template = Template::of(field, template)?;
            let value = value.as_ref().filter(|_| template.name == name)?;
            take(template, value).filter(|taken| !taken.is_empty())
        });
        found.next()
    }
}

fn take<'m>(template: Template<'_>, value: &KeyValue<'m>) -> Option<Cow<'m, [u8]>> {
    match value {
        KeyValue::Text(text) => Some(Cow::Borrowed(template.find(text)?.as_bytes())),
        KeyValue::Bytes(bytes) => template.is_whole().then_some(Cow::Borrowed(bytes)),
        KeyValue::Spelt(_) => {
            let whole = template.is_whole().then(|| value.bytes().to_vec());
            whole.map(Cow::Owned)
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, template)) in self.0.iter().enumerate() {
            let joint = if index == 0 { "" } else { ", " };
            write!(f, "{joint}{field}")?;
            if !template.is_empty() {
                write!(f, ": {template}")?;
            }
        }
        Ok(())
    }
}
