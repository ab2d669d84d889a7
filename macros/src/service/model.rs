//! A trait as the model of a service, and the rules that it shares with an IDL.
//! It refuses to write code.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use sinew_idl::{
    diag,
    model::{Docs, Idempotency, Method, Name, Own, Service, TypeRef},
    naming, validate,
};
use syn::{
    Attribute, Expr, ExprLit, Ident, ItemTrait, Lit, Meta, MetaList, TraitItem, TraitItemFn, Type,
    TypeParamBound, ext::IdentExt, spanned::Spanned as _,
};

use super::{
    attr::Options,
    keys, method,
    names::{distinct, name, of_ident},
    options::{self, Fields},
    types::Aliases,
};
use crate::{
    ctxt::Ctxt,
    paths::{NOT_ABSOLUTE, is_absolute, point, tail},
};

const ON_SERVICES: [&str; 10] = [
    "package",
    "name",
    "timeout",
    "idle_timeout",
    "max_request_bytes",
    "criticality",
    "user_key",
    "retry",
    "hedge",
    "crate",
];
const ON_METHODS: [&str; 12] = [
    "name",
    "cx",
    "timeout",
    "idle_timeout",
    "max_request_bytes",
    "idempotent",
    "no_side_effects",
    "hash_key",
    "criticality",
    "user_key",
    "retry",
    "hedge",
];

/// A service, and what of it stands beside the trait.
pub(crate) struct Read {
    pub(crate) service: Service,
    pub(crate) aliases: Vec<TokenStream>,
    pub(crate) checks: Vec<Check>,
    /// The path of the runtime's crate.
    pub(crate) sinew: TokenStream,
    /// Can the trait be named without arguments?
    pub(crate) is_plain: bool,
}

/// What rustc is to check of a method.
pub(crate) struct Check {
    pub(crate) cfg: TokenStream,
    pub(crate) request: Type,
    pub(crate) fields: Fields,
}

pub(crate) fn read(given: TokenStream, found: &ItemTrait, ctxt: &mut Ctxt) -> Read {
    let mut given_options = Options::default();
    given_options.add(given, &ON_SERVICES, ctxt);
    shape(found, ctxt);
    let of = &given_options;
    let package = of.text("package", "\"shop.v1\"", ctxt);
    let package = package.filter(|(text, span)| name(text, true, *span, ctxt));
    let package = package.map(|(text, _)| text).unwrap_or_default();
    let ident = found.ident.unraw().to_string();
    let wire = of.text("name", "\"CartService\"", ctxt);
    let wire = wire.filter(|(text, span)| name(text, false, *span, ctxt));
    let wire = wire.map_or_else(
        || of_ident(ident.clone(), &found.ident, ctxt),
        |(text, _)| text,
    );
    let mut module = naming::snake(&ident);
    if module.is_empty() {
        module = "__service".to_owned();
    }
    if found.ident == module {
        let message =
            format!("the trait and its module would both be `{module}`: name it in capitals");
        ctxt.error(found.ident.span(), message);
        module.push('_');
    }
    let full_name = match &*package {
        "" => wire.clone(),
        package => format!("{package}.{wire}"),
    };
    let (policy, fields) = options::policy(of, ctxt);
    for wrong in validate::service(&policy)
        .into_iter()
        .chain(validate::user_key("", None, &policy))
    {
        ctxt.diagnostic(wrong);
    }
    let mut service = Service {
        name: Name {
            wire,
            rust: found.ident.to_string(),
            span: span(&found.ident),
        },
        module,
        package,
        full_name,
        docs: docs(&found.attrs),
        deprecated: is_deprecated(&found.attrs),
        policy,
        methods: Vec::new(),
    };
    let mut aliases = Aliases::new(&found.ident.unraw());
    let mut checks = Vec::new();
    for item in &found.items {
        match item {
            TraitItem::Fn(one) => {
                let read = method(one, &service, &fields, &mut aliases, ctxt);
                if let Some((method, check)) = read {
                    service.methods.push(method);
                    checks.push(check);
                }
            }
            TraitItem::Const(_) => ctxt.error(item.span(), "a service has no constants"),
            TraitItem::Type(_) => ctxt.error(item.span(), "a service has no associated types"),
            _ => ctxt.error(item.span(), "a service has methods alone"),
        }
    }
    distinct(&mut service, &mut checks, ctxt);
    let sinew = sinew(of, ctxt);
    for (method, check) in service.methods.iter_mut().zip(&checks) {
        let path = check.fields.hash_key.as_ref();
        method.own.hash_key = path.map(|path| keys::closure(path, &sinew));
    }
    Read {
        service,
        aliases: aliases.all,
        checks,
        sinew,
        is_plain: found.generics.params.is_empty() && found.unsafety.is_none(),
    }
}

fn shape(found: &ItemTrait, ctxt: &mut Ctxt) {
    if let Some(first) = found.generics.params.first() {
        ctxt.error(
            first.span(),
            "a service is not generic: its messages are known to its callers",
        );
    } else if let Some(bounds) = &found.generics.where_clause {
        ctxt.error(bounds.where_token.span, "a service has no bounds");
    }
    if let Some(token) = &found.unsafety {
        ctxt.error(token.span, "a service is not `unsafe`");
    }
    if let Some(token) = &found.modifiers.auto_token {
        ctxt.error(token.span, "a service is no `auto` trait");
    }
    for bound in &found.supertraits {
        let is_right = match bound {
            TypeParamBound::Lifetime(lifetime) => lifetime.ident == "static",
            TypeParamBound::Trait(one) => one
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Send" || last.ident == "Sync"),
            _ => false,
        };
        if !is_right {
            ctxt.error(
                bound.span(),
                "a service is `Send + Sync + 'static`, and nothing besides",
            );
        }
    }
}

fn method(
    found: &TraitItemFn,
    service: &Service,
    of_service: &Fields,
    aliases: &mut Aliases,
    ctxt: &mut Ctxt,
) -> Option<(Method, Check)> {
    let mut of = Options::default();
    for attr in found.attrs.iter().filter(|attr| is_rpc(attr)) {
        match &attr.meta {
            conditional if conditional.path().is_ident("cfg_attr") => {
                let message =
                    "options have no conditions: write the method twice, each with its `#[cfg(…)]`";
                ctxt.error(conditional.span(), message);
            }
            Meta::List(list) => of.add(list.tokens.clone(), &ON_METHODS, ctxt),
            other => ctxt.error(other.span(), "write `#[rpc(…)]`"),
        }
    }
    let ident = &found.sig.ident;
    let wire = of.text("name", "\"AddLine\"", ctxt);
    let wire = wire.filter(|(text, span)| name(text, false, *span, ctxt));
    let wire = wire.map_or_else(
        || of_ident(naming::upper_camel(&ident.unraw().to_string()), ident, ctxt),
        |(text, _)| text,
    );
    let repeats = [
        of.flag("idempotent", ctxt),
        of.flag("no_side_effects", ctxt),
    ];
    let idempotency = match repeats {
        [Some(_), Some(second)] => {
            ctxt.error(
                second,
                "`idempotent` and `no_side_effects` exclude each other",
            );
            Idempotency::Safe
        }
        [Some(_), None] => Idempotency::Idempotent,
        [None, Some(_)] => Idempotency::Safe,
        [None, None] => Idempotency::Unsafe,
    };
    let cx = of.flag("cx", ctxt);
    let (own, mut fields) = options::policy(&of, ctxt);
    let taken = naming::method(&ident.unraw().to_string());
    if taken == format!("{}_", ident.unraw()) {
        let message = format!("clients have `{ident}` for themselves: call it `{taken}`");
        ctxt.error(ident.span(), message);
        return None;
    }
    let signed = method::read(found, cx, ctxt)?;
    let shape = signed.shape;
    let mut wrong = validate::method(&wire, shape, idempotency, &own);
    wrong.extend(validate::hash_key(&wire, shape, &own));
    wrong.extend(validate::user_key(&wire, Some(shape), &own));
    let is_own_user = own.user_key.is_some();
    let mut policy = own.or(&service.policy, shape, idempotency);
    wrong.extend(validate::in_force(&policy));
    for one in wrong {
        ctxt.diagnostic(one);
    }
    if !is_own_user && of_service.user_key.is_some() {
        if shape.client_streams() {
            policy.user_key = None;
        } else {
            fields.user_key.clone_from(&of_service.user_key);
        }
    }
    if shape.client_streams() {
        fields = Fields::default();
        policy.hash_key = None;
    }
    let cfg = found
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    let cfg = quote!(#(#cfg)*);
    let mut type_ref = |ty: &Type| TypeRef {
        full_name: ty.to_token_stream().to_string(),
        rust: aliases.place(ty, &cfg),
        span: diag::Span::Rust(point(ty)),
    };
    let (input, output) = (type_ref(&signed.input), type_ref(&signed.output));
    let fails_at = point(signed.failure.as_ref().unwrap_or(&signed.result));
    let failure = signed.failure.filter(|ty| {
        // A plain status needs nothing.
        tail(ty).is_none_or(|(name, _)| name != "Status")
    });
    let method = Method {
        name: Name {
            wire,
            rust: ident.to_string(),
            span: span(ident),
        },
        shape,
        input,
        output,
        idempotency,
        policy,
        docs: docs(&found.attrs),
        deprecated: is_deprecated(&found.attrs),
        own: Own {
            unserved: !signed.is_right,
            no_context: !signed.takes_context,
            cfg: cfg.clone(),
            hash_key: None,
            failure: failure.as_ref().map(|ty| aliases.place(ty, &cfg)),
            fails_at: diag::Span::Rust(fails_at),
        },
    };
    let check = Check {
        cfg,
        request: signed.input,
        fields,
    };
    Some((method, check))
}

fn sinew(of: &Options, ctxt: &mut Ctxt) -> TokenStream {
    match of.path("crate", "::my::sinew", ctxt) {
        None => quote!(::sinew),
        Some(path) => {
            if !is_absolute(&path) {
                ctxt.error(path.span(), NOT_ABSOLUTE);
                return quote!(::sinew);
            }
            quote!(#path)
        }
    }
}

/// An attribute that is no other macro's.
pub(crate) fn is_rpc(attr: &Attribute) -> bool {
    let is_conditional = |list: &MetaList| {
        let mut tokens = list.tokens.clone().into_iter();
        list.path.is_ident("cfg_attr")
            && tokens.any(|token| matches!(token, TokenTree::Ident(name) if name == "rpc"))
    };
    match &attr.meta {
        Meta::List(list) if is_conditional(list) => true,
        meta => meta.path().is_ident("rpc"),
    }
}

fn is_deprecated(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("deprecated"))
}

fn docs(attrs: &[Attribute]) -> Docs {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(lines(&text.value())),
            _ => None,
        },
        _ => None,
    });
    Docs::Rustdoc(lines.flatten().collect())
}

/// The lines of one attribute: `///` has one, `/** … */` several, without the stars that stand below one another.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let (first, rest) = lines.split_at(1);
    let written = rest.iter().filter(|line| !line.trim().is_empty());
    let columns: BTreeSet<_> = written
        .map(|line| {
            line.find(|c: char| !c.is_whitespace())
                .filter(|at| line[*at..].starts_with('*'))
        })
        .collect();
    let star = columns
        .first()
        .copied()
        .flatten()
        .filter(|_| columns.len() == 1);
    let rest = rest.iter().map(|line| match star {
        Some(star) => line.get(star + 1..).unwrap_or_default(),
        None => line,
    });
    first
        .iter()
        .copied()
        .chain(rest)
        .map(str::to_owned)
        .collect()
}

fn span(ident: &Ident) -> diag::Span {
    diag::Span::Rust(ident.span())
}
