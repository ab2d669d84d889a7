//! `Debug` of messages with fields that must not be shown: as the message back end has it, but for those.
//! It refuses to touch a message without such fields, and one whose `Debug` the user writes.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, FileDescriptorProto};
use syn2::{Attribute, Fields, Ident, Item, LitStr, Meta, Path, parse_quote};

use crate::patches;

/// What stands on such a field on its way through the back end.
const MARK: &str = "sinew_redacted";

/// What is shown instead of a value, whatever it is and whether it is set.
const REDACTED: &str = "[REDACTED]";

/// Marks the fields of these full names.
pub(crate) fn mark(
    prost: &mut prost_build::Config,
    files: &[FileDescriptorProto],
    names: &BTreeSet<String>,
) {
    if names.is_empty() {
        return;
    }
    for file in files {
        for message in &file.message_type {
            mark_in(prost, message, file.package(), names);
        }
    }
}

fn mark_in(
    prost: &mut prost_build::Config,
    message: &DescriptorProto,
    scope: &str,
    names: &BTreeSet<String>,
) {
    let dot = if scope.is_empty() { "" } else { "." };
    let scope = format!("{scope}{dot}{}", message.name());
    for field in &message.field {
        if !names.contains(&format!("{scope}.{}", field.name())) {
            continue;
        }
        let index = field.oneof_index.filter(|_| !field.proto3_optional());
        let index = index.and_then(|index| usize::try_from(index).ok());
        // A variant is found by way of its oneof.
        let path = match index.and_then(|index| message.oneof_decl.get(index)) {
            Some(oneof) => format!(".{scope}.{}.{}", oneof.name(), field.name()),
            None => format!(".{scope}.{}", field.name()),
        };
        prost.field_attribute(path, format!("#[{MARK}]"));
    }
    for nested in &message.nested_type {
        mark_in(prost, nested, &scope, names);
    }
}

/// Is anything marked in this text?
pub(crate) fn apply_to(code: &str) -> bool {
    code.contains(MARK)
}

/// Takes the marks away and gives what has some a `Debug` of its own, in modules too.
pub(crate) fn apply(items: &mut Vec<Item>) {
    let mut out = Vec::with_capacity(items.len());
    for mut item in items.drain(..) {
        let debug = match &mut item {
            Item::Struct(message) => of_message(message),
            Item::Enum(oneof) => of_oneof(oneof),
            Item::Mod(module) => {
                if let Some((_, content)) = &mut module.content {
                    apply(content);
                }
                None
            }
            _ => None,
        };
        out.push(item);
        out.extend(debug);
    }
    *items = out;
}

fn of_message(message: &mut syn2::ItemStruct) -> Option<Item> {
    let marked = take_marks(message.fields.iter_mut().map(|field| &mut field.attrs))?;
    own_debug(&mut message.attrs)?;
    let ident = &message.ident;
    let shown = message.fields.iter().zip(marked);
    let shown = shown.filter_map(|(field, is_marked)| {
        let name = field.ident.as_ref()?;
        let text = name.to_string();
        let value: syn2::Expr = match (is_marked, enumeration(&field.attrs)) {
            (true, _) => parse_quote!(&::core::format_args!(#REDACTED)),
            (false, None) => parse_quote!(&self.#name),
            (false, Some(path)) => {
                parse_quote!(&::sinew::codegen::by_name::<#path, _>(&self.#name))
            }
        };
        Some(quote::quote!(.field(#text, #value)))
    });
    let text = ident.to_string();
    Some(parse_quote! {
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#text) #(#shown)* .finish()
            }
        }
    })
}

fn of_oneof(oneof: &mut syn2::ItemEnum) -> Option<Item> {
    let marked = take_marks(oneof.variants.iter_mut().map(|one| &mut one.attrs))?;
    own_debug(&mut oneof.attrs)?;
    let ident = &oneof.ident;
    let arms = oneof.variants.iter().zip(marked);
    let arms = arms.filter(|(variant, _)| matches!(variant.fields, Fields::Unnamed(_)));
    let arms = arms.map(|(variant, is_marked)| {
        let name: &Ident = &variant.ident;
        let text = name.to_string();
        let (pattern, value): (syn2::Pat, syn2::Expr) =
            match (is_marked, enumeration(&variant.attrs)) {
                (true, _) => (
                    parse_quote!(_),
                    parse_quote!(&::core::format_args!(#REDACTED)),
                ),
                (false, None) => (parse_quote!(value), parse_quote!(value)),
                (false, Some(path)) => (
                    parse_quote!(value),
                    parse_quote!(&::sinew::codegen::by_name::<#path, _>(value)),
                ),
            };
        quote::quote!(Self::#name(#pattern) => f.debug_tuple(#text).field(#value).finish())
    });
    Some(parse_quote! {
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms,)* }
            }
        }
    })
}

/// Which of them were marked; nothing if none was.
fn take_marks<'a>(fields: impl Iterator<Item = &'a mut Vec<Attribute>>) -> Option<Vec<bool>> {
    let marked: Vec<_> = fields
        .map(|attributes| {
            let before = attributes.len();
            attributes.retain(|one| !one.path().is_ident(MARK));
            attributes.len() < before
        })
        .collect();
    marked.contains(&true).then_some(marked)
}

/// Keeps the back end from deriving `Debug`; nothing if the user already does.
fn own_debug(attributes: &mut Vec<Attribute>) -> Option<()> {
    if attributes
        .iter()
        .any(|one| patches::is_prost(one, "skip_debug"))
    {
        return None;
    }
    attributes.push(parse_quote!(#[prost(skip_debug)]));
    Some(())
}

/// The enum of a field that holds numbers, in a list or as values of a map, too: `enumeration = "Color"`, or
/// `map = "string, enumeration(Color)"`.
fn enumeration(attributes: &[Attribute]) -> Option<Path> {
    let attributes = attributes.iter().filter(|one| one.path().is_ident("prost"));
    let lists = attributes.filter_map(|one| match &one.meta {
        Meta::List(list) => Some(list.tokens.clone()),
        _ => None,
    });
    for list in lists {
        let mut tokens = list.into_iter();
        let word = tokens.next().map(|token| token.to_string());
        let text = tokens.nth(1).map(quote::ToTokens::into_token_stream);
        let text = text.and_then(|text| syn2::parse2::<LitStr>(text).ok());
        let (Some(word), Some(text)) = (word, text.map(|text| text.value())) else {
            continue;
        };
        let path = match word.as_str() {
            "enumeration" => Some(text.as_str()),
            "map" | "btree_map" => {
                let value = text.split_once("enumeration(");
                value.and_then(|(_, rest)| rest.strip_suffix(')'))
            }
            _ => None,
        };
        if let Some(path) = path {
            return syn2::parse_str(path).ok();
        }
    }
    None
}
