//! What the message back end gets wrong, made right in the code that comes out of it.
//! It refuses matters of taste: a patch is here only while code would not compile without it.

use syn2::{Attribute, Field, Item, Meta, parse_quote};

/// Is there anything to patch in this text?
pub(crate) fn apply_to(code: &str) -> bool {
    code.contains("#[prost(btree_map")
}

/// Applies all of them, in modules too.
pub(crate) fn apply(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Struct(message) if message.fields.iter().any(is_btree_map) => {
                debug_by_std(&mut message.attrs)
            }
            Item::Mod(module) => {
                if let Some((_, content)) = &mut module.content {
                    apply(content);
                }
            }
            _ => {}
        }
    }
}

/// prost-derive 0.14.6 prints B-tree maps through `::prost::alloc`, whatever `prost_path` says: such a message gets its
/// `Debug` from the standard library (enums in it are numbers then), unless it is to have none.
fn debug_by_std(attributes: &mut Vec<Attribute>) {
    if !attributes
        .iter()
        .any(|attribute| is_prost(attribute, "skip_debug"))
    {
        attributes.insert(0, parse_quote!(#[derive(::core::fmt::Debug)]));
        attributes.push(parse_quote!(#[prost(skip_debug)]));
    }
}

fn is_btree_map(field: &Field) -> bool {
    field
        .attrs
        .iter()
        .any(|attribute| is_prost(attribute, "btree_map"))
}

/// Is it `#[prost(word …)]`?
pub(crate) fn is_prost(attribute: &Attribute, word: &str) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let first = list.tokens.clone().into_iter().next();
    list.path.is_ident("prost") && first.is_some_and(|first| first.to_string() == word)
}
