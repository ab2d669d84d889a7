//! The signature of a method: what it takes, which sides stream, what it replies and fails with.
//! It refuses whatever is not what a caller on another machine could call, each at its own place.

use proc_macro2::Span;
use sinew_idl::model::Shape;
use syn::{
    FnArg, Pat, PatType, Receiver, ReceiverKind, ReturnType, Signature, TraitItemFn, Type,
    spanned::Spanned as _,
};

use crate::{
    ctxt::Ctxt,
    paths::{inner, tail},
};

pub(crate) struct Signed {
    pub(crate) takes_context: bool,
    pub(crate) shape: Shape,
    pub(crate) input: Type,
    pub(crate) output: Type,
    /// What it returns, as it is written.
    pub(crate) result: Type,
    /// The type that it fails with, where the result names one.
    pub(crate) failure: Option<Type>,
    /// Nothing is wrong with it: it can be served.
    pub(crate) is_right: bool,
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    Context,
    Message(&'a Type),
    Requests(&'a Type),
    Replies(&'a Type),
}

/// What the signature says; nothing where it does not say what a call of it would be.
pub(crate) fn read(method: &TraitItemFn, cx: Option<Span>, ctxt: &mut Ctxt) -> Option<Signed> {
    let (sig, mut is_right) = (&method.sig, true);
    let mut wrong = |span: Span, message: &str| {
        ctxt.error(span, message);
        is_right = false;
    };
    form(sig, &mut wrong);
    let (mut context, mut input, mut output) = (false, None, None);
    let (mut client_streams, mut is_refused) = (false, false);
    for (index, arg) in sig.inputs.iter().enumerate() {
        let FnArg::Typed(arg) = arg else { continue };
        named(arg, method.default.is_some(), &mut wrong);
        let kind = kind(arg, cx.is_some() && index == 1);
        let refused = match kind {
            Err(message) => message,
            Ok(Kind::Context) if context => "there is one context",
            Ok(Kind::Context) if input.is_some() || output.is_some() => {
                "the context comes first, behind `&self`"
            }
            Ok(Kind::Message(_) | Kind::Requests(_)) if input.is_some() => {
                "wrap the arguments in one request struct; positional fields cannot evolve safely"
            }
            Ok(Kind::Message(_) | Kind::Requests(_)) if output.is_some() => {
                "requests come before the `Outbound`"
            }
            Ok(Kind::Replies(_)) if output.is_some() => "there is one `Outbound`",
            Ok(Kind::Context) => {
                context = true;
                continue;
            }
            Ok(Kind::Message(ty)) => {
                input = Some(ty);
                continue;
            }
            Ok(Kind::Requests(ty)) => {
                (input, client_streams) = (Some(ty), true);
                continue;
            }
            Ok(Kind::Replies(ty)) => {
                output = Some(ty);
                continue;
            }
        };
        wrong(arg.ty.span(), refused);
        // A call of it has no context anyway.
        is_refused |= !matches!(kind, Ok(Kind::Context));
    }
    if cx.is_some() && !context {
        wrong(
            cx.unwrap_or_else(Span::call_site),
            "`cx`, but no context: write `cx: &Context`",
        );
    }
    // What was refused may have been meant as it.
    if input.is_none() && !is_refused {
        let help = "a method takes a message; write `req: ()` where there is nothing to say";
        wrong(sig.ident.span(), help);
    }
    let (result, reply, failure) = result(&sig.output, sig.ident.span(), &mut wrong)?;
    let is_unit = matches!(inner(reply), Type::Tuple(unit) if unit.elems.is_empty());
    if output.is_some() && !is_unit {
        wrong(
            reply.span(),
            "replies go through the `Outbound`: return `Result<(), _>`",
        );
    }
    if is_refused || !sig.generics.params.is_empty() {
        return None;
    }
    let shape = match (client_streams, output.is_some()) {
        (false, false) => Shape::Unary,
        (true, false) => Shape::ClientStream,
        (false, true) => Shape::ServerStream,
        (true, true) => Shape::Bidi,
    };
    Some(Signed {
        takes_context: context,
        shape,
        input: input?.clone(),
        output: output.unwrap_or(reply).clone(),
        result: result.clone(),
        failure: failure.cloned(),
        is_right,
    })
}

/// What of the signature is not its types.
fn form(sig: &Signature, wrong: &mut impl FnMut(Span, &str)) {
    if sig.asyncness.is_none() {
        wrong(
            sig.fn_token.span,
            "write `async fn`: a call waits for its reply",
        );
    }
    if let Some(token) = &sig.constness {
        wrong(token.span, "a method of a service is not `const`");
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        wrong(token.span, "a method of a service is not `unsafe`");
    }
    if let Some(abi) = &sig.abi {
        wrong(abi.span(), "a method of a service has no `extern`");
    }
    if let Some(first) = sig.generics.params.first() {
        let message = match first {
            syn::GenericParam::Lifetime(_) => "a method of a service has no lifetimes",
            _ => "a method of a service is not generic: its messages are known to its callers",
        };
        wrong(first.span(), message);
    } else if let Some(bounds) = &sig.generics.where_clause {
        wrong(
            bounds.where_token.span,
            "a method of a service has no bounds",
        );
    }
    match sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => {}
        Some(FnArg::Receiver(receiver)) => {
            wrong(
                receiver.self_token.span,
                "write `&self`: calls share the service",
            );
        }
        _ => wrong(sig.ident.span(), "`&self` is missing"),
    }
}

fn is_shared(receiver: &Receiver) -> bool {
    matches!(receiver.kind, ReceiverKind::Reference(_, None, None))
}

fn named(arg: &PatType, has_body: bool, wrong: &mut impl FnMut(Span, &str)) {
    match &*arg.pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            if let Some(token) = &name.mutability
                && !has_body
            {
                wrong(token.span, "`mut` belongs to the implementation");
            }
        }
        other => wrong(
            other.span(),
            "give the parameter a name: whoever implements the trait sees it",
        ),
    }
}

fn kind(arg: &PatType, is_context: bool) -> Result<Kind<'_>, &'static str> {
    let ty = inner(&arg.ty);
    if let Type::Reference(reference) = ty {
        if reference.lifetime.is_some() {
            return Err("a method of a service has no lifetimes");
        }
        let (name, types) = match tail(&reference.elem) {
            Some((name, types)) => (name.to_string(), types),
            None => Default::default(),
        };
        return match (&*name, &*types, reference.mutability.is_some()) {
            ("Outbound", [of], true) => Ok(Kind::Replies(of)),
            ("Outbound", ..) => Err("write `&mut Outbound<T>`"),
            ("Context", _, false) => Ok(Kind::Context),
            (_, _, false) if is_context => Ok(Kind::Context),
            _ => Err(
                "messages are taken by value (a context by another name is marked `#[rpc(cx)]`)",
            ),
        };
    }
    match tail(ty) {
        Some((name, types)) if name == "Inbound" => match &*types {
            [of] => Ok(Kind::Requests(of)),
            _ => Err("write `Inbound<T>`"),
        },
        Some((name, _)) if name == "Outbound" => Err("write `&mut Outbound<T>`"),
        Some((name, _)) if name == "Context" => Err(
            "write `&Context`; a message of this name is known by another one: `type Situation = shop::Context;`",
        ),
        Some(_) => Ok(Kind::Message(ty)),
        None if matches!(ty, Type::Tuple(unit) if unit.elems.is_empty()) => Ok(Kind::Message(ty)),
        None => Err("a message is a type with a name"),
    }
}

fn result<'a>(
    output: &'a ReturnType,
    name: Span,
    wrong: &mut impl FnMut(Span, &str),
) -> Option<(&'a Type, &'a Type, Option<&'a Type>)> {
    let message = "write `-> Result<T, E>` or `-> sinew::Result<T>`: every call can fail";
    let ReturnType::Type(_, ty) = output else {
        wrong(name, message);
        return None;
    };
    match tail(ty) {
        Some((name, types)) if name == "Result" => match *types {
            [reply] => return Some((ty, reply, None)),
            [reply, failure] => return Some((ty, reply, Some(failure))),
            _ => wrong(ty.span(), message),
        },
        _ => wrong(ty.span(), message),
    }
    None
}
