//! The skeleton of a service: one match arm a method, one box a call.
//! It refuses to decode, encode or time anything itself: an arm only joins the runtime's helpers to the user's method.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use sinew_idl::{
    diag,
    model::{Method, Service, Shape},
};

use crate::{Emit, docs, errors, paths};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let sinew = &emit.sinew;
    let name = paths::ident(&service.name.rust);
    let docs = docs::server(emit);
    let dispatch = if service.methods.is_empty() {
        quote! {
            fn dispatch(&self, _: usize, call: #sinew::codegen::ServerCall) -> #sinew::codegen::Handling {
                call.unknown_method()
            }
        }
    } else {
        let arms = service
            .methods
            .iter()
            .enumerate()
            .map(|(index, m)| arm(index, m, is_conditional(service), sinew));
        quote! {
            fn dispatch(&self, index: usize, call: #sinew::codegen::ServerCall) -> #sinew::codegen::Handling {
                let service = ::std::sync::Arc::clone(&self.0);
                match index {
                    #(#arms)*
                    _ => call.unknown_method(),
                }
            }
        }
    };
    let places = places(service);
    // Without a method nothing reads the service.
    let unread = service
        .methods
        .is_empty()
        .then(|| quote!(#[allow(dead_code)]));
    quote! {
        #docs
        pub fn server<T: super::#name>(service: T) -> #sinew::Skeleton {
            #sinew::codegen::skeleton(Server(::std::sync::Arc::new(service)))
        }

        #places

        struct Server<T>(#unread ::std::sync::Arc<T>);

        impl<T: super::#name> #sinew::codegen::Dispatch for Server<T> {
            fn spec(&self) -> &'static #sinew::ServiceSpec {
                &SERVICE
            }
            #dispatch
        }
    }
}

/// Is a method there only under conditions? What comes behind it then has no fixed number.
fn is_conditional(service: &Service) -> bool {
    service.methods.iter().any(|m| !m.own.cfg.is_empty())
}

/// The numbers of methods that the compiler counts, as those that are left out have none.
fn places(service: &Service) -> Option<TokenStream> {
    let names = service.methods.iter().map(|method| {
        let (cfg, name) = (&method.own.cfg, paths::descriptor(method));
        quote!(#cfg #name)
    });
    is_conditional(service).then(|| {
        quote! {
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum At {
                #(#names),*
            }
        }
    })
}

// `T::name`, not `service.name`: an rpc may be called `Drop` or `Into`, which an `Arc` has methods of.
fn arm(index: usize, method: &Method, is_conditional: bool, sinew: &TokenStream) -> TokenStream {
    let index = Literal::usize_unsuffixed(index);
    let name = paths::ident(&method.name.rust);
    let descriptor = paths::descriptor(method);
    let cx = (!method.own.no_context).then(|| quote!(&cx,));
    let status = status(method, sinew);
    let body = match method.shape {
        _ if method.own.unserved => quote! {
            drop((call, service));
            ::core::unreachable!()
        },
        Shape::Unary => quote! {
            let (cx, req) = call.unary(&#descriptor).await?;
            let result = T::#name(&service, #cx req).await;
            #status
            cx.reply(&#descriptor, result)
        },
        Shape::ClientStream => quote! {
            let (cx, rx) = call.client_stream(&#descriptor)?;
            let result = T::#name(&service, #cx rx).await;
            #status
            cx.reply(&#descriptor, result)
        },
        Shape::ServerStream => quote! {
            let (cx, req, mut out, reply) = call.server_stream(&#descriptor).await?;
            reply.drive(async move {
                let result = T::#name(&service, #cx req, &mut out).await;
                #status
                out.end(&cx, result)
            }).await
        },
        Shape::Bidi => quote! {
            let (cx, rx, mut out, reply) = call.bidi(&#descriptor)?;
            reply.drive(async move {
                let result = T::#name(&service, #cx rx, &mut out).await;
                #status
                out.end(&cx, result)
            }).await
        },
    };
    if is_conditional {
        let cfg = &method.own.cfg;
        return quote! {
            #cfg
            at if at == At::#descriptor as usize => ::std::boxed::Box::pin(async move { #body }),
        };
    }
    quote! {
        #index => ::std::boxed::Box::pin(async move { #body }),
    }
}

/// What the handler returned as it is sent. Whether a trait's signature says what it is taken for turns out here.
fn status(method: &Method, sinew: &TokenStream) -> Option<TokenStream> {
    let failure = errors::from_module(method);
    if !matches!(method.own.fails_at, diag::Span::Rust(_)) {
        return failure.map(|_| quote!(let result = result.map_err(::core::convert::Into::into);));
    }
    let failure = failure.unwrap_or_else(|| quote!(#sinew::Status));
    let output = match method.shape.server_streams() {
        true => quote!(()),
        false => paths::message(&method.output),
    };
    let returned = quote_spanned! {paths::place(&method.own.fails_at)=>
        #sinew::codegen::returned::<#output, #failure, _>(result)
    };
    Some(quote!(let result = #returned;))
}
