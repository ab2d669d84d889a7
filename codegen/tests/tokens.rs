//! Whatever messages are called, generated code means the same: it names nothing by a path that could be something
//! else.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::quote;
use sinew_codegen::{Emit, emit};
use sinew_idl::{
    diag::Span,
    model::{Docs, Idempotency, Method, Name, Service, Shape, TypeRef},
};

/// Names that a message of the IDL can take, in the module that the code stands in or in the one above.
const TAKEABLE: [&str; 18] = [
    "Arc",
    "Box",
    "Call",
    "Channel",
    "Context",
    "Future",
    "Inbound",
    "Method",
    "Ok",
    "Option",
    "Outbound",
    "Reply",
    "Result",
    "Send",
    "ServiceSpec",
    "Skeleton",
    "Some",
    "Sync",
];

fn service(shapes: &[Shape]) -> Service {
    let name = |wire: &str, rust: &str| Name {
        wire: wire.to_owned(),
        rust: rust.to_owned(),
        span: Span::None,
    };
    let message = |rust: TokenStream| TypeRef {
        full_name: String::new(),
        rust,
        span: Span::None,
    };
    let method = |(index, &shape): (usize, &Shape)| Method {
        name: name(&format!("M{index}"), &format!("m{index}")),
        shape,
        input: message(quote!(Request)),
        output: message(quote!(super::Answer)),
        idempotency: Idempotency::Safe,
        policy: Default::default(),
        docs: Docs::default(),
        deprecated: index == 0,
        own: Default::default(),
    };
    Service {
        name: name("Svc", "Svc"),
        module: "svc".to_owned(),
        package: "p".to_owned(),
        full_name: "p.Svc".to_owned(),
        docs: Docs::default(),
        deprecated: false,
        policy: Default::default(),
        methods: shapes.iter().enumerate().map(method).collect(),
    }
}

/// Every identifier, and whether `::` stands before it.
fn identifiers(tokens: TokenStream, found: &mut Vec<(String, bool)>) {
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                found.push((ident.to_string(), colons == 2));
                colons = 0;
            }
            TokenTree::Group(group) => {
                identifiers(group.stream(), found);
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons = if colons == 1 {
                    2
                } else {
                    usize::from(punct.spacing() == Spacing::Joint)
                };
            }
            _ => colons = 0,
        }
    }
}

#[test]
fn no_path_can_mean_something_of_the_users() {
    let shapes = [
        Shape::Unary,
        Shape::ClientStream,
        Shape::ServerStream,
        Shape::Bidi,
    ];
    for shapes in [&shapes[..], &[]] {
        let mut found = Vec::new();
        identifiers(emit(&service(shapes), &Emit::default()), &mut found);
        for (name, is_absolute) in found {
            assert_ne!(name, "use");
            let is_crate = ["core", "std", "sinew"].contains(&name.as_str());
            assert!(
                is_absolute || !is_crate && !TAKEABLE.contains(&name.as_str()),
                "bare `{name}`"
            );
        }
    }
}

#[test]
fn the_sides_are_apart() {
    let of = |server, client| {
        let options = Emit {
            server,
            client,
            ..Emit::default()
        };
        emit(&service(&[Shape::Unary]), &options).to_string()
    };
    for (server, client) in [(true, true), (true, false), (false, true), (false, false)] {
        let code = of(server, client);
        assert_eq!(code.contains("pub trait Svc"), server);
        assert_eq!(code.contains("fn dispatch"), server);
        assert_eq!(code.contains("struct Client"), client);
        assert!(code.contains("static SERVICE") && code.contains("static M0"));
    }
}

#[test]
fn another_path_of_the_runtime_is_used_throughout() {
    let options = Emit {
        sinew: quote!(::facade::rpc),
        ..Emit::default()
    };
    let code = emit(&service(&[Shape::Unary, Shape::Bidi]), &options).to_string();
    assert!(!code.contains(":: sinew"), "{code}");
    assert!(code.contains("facade::rpc::Server"));
}
