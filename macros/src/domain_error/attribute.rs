//! `#[error(code = …, message = "…")]` at a variant, `#[error(crate = …)]` at the enum.
//! It refuses what it does not know, so that a typo is not taken for nothing.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use sinew_idl::{codes::CODES, naming};
use syn::{Ident, LitStr, Path, ext::IdentExt as _, meta::ParseNestedMeta};

use super::Found;

/// What it says.
#[derive(Default)]
pub(super) struct Attribute {
    /// As an IDL spells it, where it is one; `sinew::Code` spells it otherwise, and either will do.
    pub(super) code: Option<(String, Span)>,
    pub(super) message: Option<LitStr>,
    is_there: bool,
}

impl Attribute {
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }
}

/// The path of the runtime's crate, as the enum says.
pub(super) fn runtime(attributes: &[syn::Attribute], found: &mut Found) -> TokenStream {
    let mut runtime = quote!(::sinew);
    for attribute in attributes {
        if !attribute.path().is_ident("error") {
            continue;
        }
        let parsed = attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error(
                    "an enum of errors has `crate = ::my::sinew`, and its variants the rest",
                ));
            }
            let path = meta.value()?.call(Path::parse_mod_style)?;
            match crate::paths::is_absolute(&path) {
                true => runtime = path.to_token_stream(),
                false => found.at(&path, crate::paths::NOT_ABSOLUTE),
            }
            Ok(())
        });
        if let Err(error) = parsed {
            found.push(error);
        }
    }
    runtime
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
        if meta.path.is_ident("code") {
            let code = code(meta)?;
            match &self.code {
                Some(_) => found.at(&meta.path, "`code` is there already"),
                None => self.code = Some(code),
            }
        } else if meta.path.is_ident("message") {
            let value: LitStr = meta.value()?.parse()?;
            if self.message.is_some() {
                found.at(&meta.path, "`message` is there already");
            } else if value.value().is_empty() {
                let message =
                    "`message` says nothing: leave it out, and it is the name of the message";
                found.at(&value, message);
            } else {
                self.message = Some(value);
            }
        } else {
            return Err(meta.error("an error has `code = \"…\"` and `message = \"…\"`"));
        }
        Ok(())
    }
}

fn code(meta: &ParseNestedMeta<'_>) -> syn::Result<(String, Span)> {
    let input = meta.value()?;
    let (written, span) = match input.peek(Ident::peek_any) {
        true => {
            let word = input.call(Ident::parse_any)?;
            (word.to_string(), word.span())
        }
        false => {
            let text: LitStr = input.parse()?;
            (text.value(), text.span())
        }
    };
    let code = CODES
        .iter()
        .find(|code| naming::upper_camel(code) == written);
    Ok((code.map_or(written, |code| (*code).to_owned()), span))
}
