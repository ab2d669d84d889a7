//! The options of an attribute: `name`, `name = value`, `name(…)`, each known and given once.
//! It refuses to know what they mean.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Ident, LitFloat, LitInt, LitStr, Token, ext::IdentExt, parse::ParseStream, parse::Parser,
};

use crate::ctxt::Ctxt;

pub(crate) enum Value {
    Flag,
    Is(TokenStream),
    List(TokenStream),
}

pub(crate) struct Opt {
    pub(crate) name: String,
    pub(crate) span: Span,
    value: Value,
}

/// What an attribute says, without what is wrong in it.
#[derive(Default)]
pub(crate) struct Options(Vec<Opt>);

fn parse(input: ParseStream<'_>, known: &[&str]) -> syn::Result<Vec<Opt>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        let Ok(name) = input.call(Ident::parse_any) else {
            let message = format!("an option starts with its name: {}", known.join(", "));
            return Err(input.error(message));
        };
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            let mut value = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![,]) {
                value.extend([input.parse::<TokenTree>()?]);
            }
            if value.is_empty() {
                let message = format!("`{name}` wants a value");
                return Err(syn::Error::new(name.span(), message));
            }
            Value::Is(value)
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::Flag
        };
        let span = name.span();
        let name = name.to_string();
        all.push(Opt { name, span, value });
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(all)
}

impl Options {
    pub(crate) fn add(&mut self, tokens: TokenStream, known: &[&str], ctxt: &mut Ctxt) {
        let parse = |input: ParseStream<'_>| parse(input, known);
        for opt in ctxt.syn(parse.parse2(tokens)).unwrap_or_default() {
            if opt.name == "errors" {
                let message = "the result says what a method fails with: `Result<T, E>`, where `E` is an enum with \
                    `#[derive(DomainError)]`";
                ctxt.error(opt.span, message);
            } else if !known.contains(&&*opt.name) {
                let near = sinew_idl::nearest::nearest(&opt.name, known.iter().copied());
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("supported: {}", known.join(", ")),
                };
                ctxt.error(
                    opt.span,
                    format_args!("unknown option `{}`; {help}", opt.name),
                );
            } else if self.0.iter().any(|one| one.name == opt.name) {
                ctxt.error(opt.span, format_args!("`{}` is set twice", opt.name));
            } else {
                self.0.push(opt);
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Opt> {
        self.0.iter().find(|one| one.name == name)
    }

    pub(crate) fn flag(&self, name: &str, ctxt: &mut Ctxt) -> Option<Span> {
        let opt = self.get(name)?;
        if !matches!(opt.value, Value::Flag) {
            ctxt.error(opt.span, format_args!("`{name}` takes no value"));
        }
        Some(opt.span)
    }

    /// The value of `name`, read by `read`; `form` shows how it is written.
    fn value<T>(
        &self,
        name: &str,
        form: &str,
        ctxt: &mut Ctxt,
        read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    ) -> Option<T> {
        let opt = self.get(name)?;
        let (tokens, span) = match &opt.value {
            Value::Is(tokens) => (tokens, first(tokens, opt.span)),
            _ => {
                ctxt.error(opt.span, format_args!("write `{name} = {form}`"));
                return None;
            }
        };
        let read = |input: ParseStream<'_>| Ok((read(input)?, input.parse::<TokenStream>()?));
        let Ok((value, rest)) = read.parse2(tokens.clone()) else {
            ctxt.error(span, format_args!("write `{name} = {form}`"));
            return None;
        };
        match rest.into_iter().next() {
            None => return Some(value),
            Some(TokenTree::Ident(next)) => {
                ctxt.error(
                    next.span(),
                    format_args!("a `,` is missing before `{next}`"),
                );
            }
            Some(next) => {
                let message = format!("`{name}` is one value: write `{name} = {form}`");
                ctxt.error(next.span(), message);
            }
        }
        None
    }

    pub(crate) fn text(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Option<(String, Span)> {
        let text = self.value(name, form, ctxt, |input| input.parse::<LitStr>())?;
        Some((text.value(), text.span()))
    }

    pub(crate) fn number(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Option<(u32, Span)> {
        let number = self.value(name, form, ctxt, |input| input.parse::<LitInt>())?;
        let value = number.base10_parse().ok();
        if value.is_none() {
            let message = format!("`{name}` is a number from 0 to {}", u32::MAX);
            ctxt.error(number.span(), message);
        }
        Some((value?, number.span()))
    }

    pub(crate) fn float(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Option<(f64, Span)> {
        self.value(name, form, ctxt, |input| {
            if input.peek(LitInt) {
                let number = input.parse::<LitInt>()?;
                return Ok((number.base10_parse()?, number.span()));
            }
            let number = input.parse::<LitFloat>()?;
            Ok((number.base10_parse()?, number.span()))
        })
    }

    pub(crate) fn word(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Option<Ident> {
        self.value(name, form, ctxt, Ident::parse_any)
    }

    pub(crate) fn words(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Vec<Ident> {
        let words = self.value(name, form, ctxt, |input| {
            let content;
            syn::bracketed!(content in input);
            content.parse_terminated(Ident::parse_any, Token![,])
        });
        words.into_iter().flatten().collect()
    }

    /// The path of a field.
    pub(crate) fn field(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Option<Vec<Ident>> {
        self.value(name, form, ctxt, |input| {
            let mut path = vec![input.call(Ident::parse_any)?];
            while input.peek(Token![.]) {
                input.parse::<Token![.]>()?;
                path.push(input.call(Ident::parse_any)?);
            }
            Ok(path)
        })
    }

    /// Is it written in quotes?
    pub(crate) fn is_text(&self, name: &str) -> bool {
        let value = self.get(name).map(|opt| &opt.value);
        matches!(value, Some(Value::Is(tokens)) if syn::parse2::<LitStr>(tokens.clone()).is_ok())
    }

    pub(crate) fn path(&self, name: &str, form: &str, ctxt: &mut Ctxt) -> Option<syn::Path> {
        self.value(name, form, ctxt, syn::Path::parse_mod_style)
    }

    /// The options within `name(…)`.
    pub(crate) fn list(
        &self,
        name: &str,
        known: &[&str],
        ctxt: &mut Ctxt,
    ) -> Option<(Options, Span)> {
        let opt = self.get(name)?;
        let Value::List(tokens) = &opt.value else {
            ctxt.error(
                opt.span,
                format_args!("write `{name}(…)`: {}", known.join(", ")),
            );
            return None;
        };
        let mut inner = Options::default();
        inner.add(tokens.clone(), known, ctxt);
        Some((inner, opt.span))
    }
}

fn first(tokens: &TokenStream, otherwise: Span) -> Span {
    let first = tokens.clone().into_iter().next();
    first.map_or(otherwise, |first| first.span())
}
