//! Lowers the services of the files asked for to the model that generators read.
//! It refuses to look at messages: those are the message back end's.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use prost_types::method_options::IdempotencyLevel;
use sinew_idl::{
    docs,
    model::{Docs, Idempotency, Method, Name, Schema, Service, Shape, TypeRef},
};

use crate::{places::Places, source::SourceFile, tag};

/// The services of `roots`, sorted by full name; their Rust names are still to be assigned.
pub(crate) fn lower(
    pool: &DescriptorPool,
    roots: &[String],
    texts: &BTreeMap<String, SourceFile>,
) -> Schema {
    let mut services = Vec::new();
    for root in roots {
        let Some(file) = pool.get_file_by_name(root) else {
            continue;
        };
        let places = Places::new(file.file_descriptor_proto(), texts.get(root));
        services.extend(file.services().map(|one| service(&one, &places)));
    }
    services.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    Schema { services }
}

fn service(service: &ServiceDescriptor, places: &Places<'_>) -> Service {
    let options = service.service_descriptor_proto().options.as_ref();
    Service {
        name: name(service.name(), service.path(), places),
        module: String::new(),
        package: service.package_name().to_owned(),
        full_name: service.full_name().to_owned(),
        docs: comment(service.path(), places),
        deprecated: options.is_some_and(|options| options.deprecated()),
        methods: service.methods().map(|one| method(&one, places)).collect(),
    }
}

fn method(method: &MethodDescriptor, places: &Places<'_>) -> Method {
    let options = method.method_descriptor_proto().options.as_ref();
    let at = |field| {
        let mut path = method.path().to_vec();
        path.push(field);
        places.span(&path)
    };
    Method {
        name: name(method.name(), method.path(), places),
        shape: match (method.is_client_streaming(), method.is_server_streaming()) {
            (false, false) => Shape::Unary,
            (true, false) => Shape::ClientStream,
            (false, true) => Shape::ServerStream,
            (true, true) => Shape::Bidi,
        },
        input: TypeRef {
            full_name: method.input().full_name().to_owned(),
            rust: Default::default(),
            span: at(tag::method::INPUT_TYPE),
        },
        output: TypeRef {
            full_name: method.output().full_name().to_owned(),
            rust: Default::default(),
            span: at(tag::method::OUTPUT_TYPE),
        },
        idempotency: match options.map(|options| options.idempotency_level()) {
            None | Some(IdempotencyLevel::IdempotencyUnknown) => Idempotency::Unsafe,
            Some(IdempotencyLevel::Idempotent) => Idempotency::Idempotent,
            Some(IdempotencyLevel::NoSideEffects) => Idempotency::Safe,
        },
        docs: comment(method.path(), places),
        deprecated: options.is_some_and(|options| options.deprecated()),
    }
}

fn name(wire: &str, path: &[i32], places: &Places<'_>) -> Name {
    let mut path = path.to_vec();
    path.push(tag::NAME);
    Name {
        wire: wire.to_owned(),
        rust: String::new(),
        span: places.span(&path),
    }
}

/// The comment before a declaration, or else the one behind it; a comment that stands apart belongs to nothing.
fn comment(path: &[i32], places: &Places<'_>) -> Docs {
    let Some(location) = places.location(path) else {
        return Docs::default();
    };
    let text = match (location.leading_comments(), location.trailing_comments()) {
        ("", trailing) => trailing,
        (leading, _) => leading,
    };
    docs::plain(text)
}
