//! `#[error(code = "…", message = "…")]` at a variant.
//! It refuses what it does not know, so that a typo is not taken for nothing.

use syn::{LitStr, meta::ParseNestedMeta};

use super::Found;

/// What it says.
#[derive(Default)]
pub(super) struct Attribute {
    pub(super) code: Option<LitStr>,
    pub(super) message: Option<LitStr>,
    is_there: bool,
}

impl Attribute {
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }
}

/// Reads all of them at a variant.
pub(super) fn read(attributes: &[syn::Attribute], found: &mut Found) -> Attribute {
    let mut read = Attribute::default();
    for attribute in attributes {
        if !attribute.path().is_ident("error") {
            continue;
        }
        read.is_there = true;
        // What follows a wrong entry is not read any more.
        let parsed = attribute.parse_nested_meta(|meta| read.entry(&meta, found));
        if let Err(error) = parsed {
            found.push(error);
        }
    }
    read
}

impl Attribute {
    fn entry(&mut self, meta: &ParseNestedMeta<'_>, found: &mut Found) -> syn::Result<()> {
        let (slot, name) = if meta.path.is_ident("code") {
            (&mut self.code, "code")
        } else if meta.path.is_ident("message") {
            (&mut self.message, "message")
        } else {
            return Err(meta.error("an error has `code = \"…\"` and `message = \"…\"`"));
        };
        let value: LitStr = meta.value()?.parse()?;
        if slot.is_some() {
            found.at(&meta.path, format!("`{name}` is there already"));
        } else if name == "message" && value.value().is_empty() {
            found.at(
                &value,
                "`message` says nothing: leave it out, and it is the name of the message",
            );
        } else {
            *slot = Some(value);
        }
        Ok(())
    }
}
