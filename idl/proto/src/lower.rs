//! Lowers the services of the files asked for to the model that generators read.
//! It refuses to look at messages: those are the message back end's.

use std::collections::HashSet;

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use sinew_idl::{
    diag::{Diagnostic, Span},
    docs,
    model::{Docs, Method, Name, Own, Schema, Service, Shape, TypeRef},
    policy::Policy,
};

use crate::{
    extensions::{Extensions, is_ours},
    load::Loaded,
    places::Places,
    policies::Policies,
    tag,
};

/// The services of the files asked for, sorted by full name, and what is wrong with their policies and those of what
/// they import; their Rust names are still to be assigned.
pub(crate) fn lower(pool: &DescriptorPool, loaded: &Loaded) -> (Schema, Vec<Diagnostic>) {
    let extensions = Extensions::new(pool);
    let mut services = Vec::new();
    let mut found = Vec::new();
    let mut idle = Vec::new();
    for root in &loaded.roots {
        let Some(file) = pool.get_file_by_name(root) else {
            continue;
        };
        let places = Places::new(file.file_descriptor_proto(), loaded.texts.get(root));
        let mut policies = Policies::new(&extensions, loaded, &file, &places);
        let lowered = file.services();
        services.extend(lowered.map(|one| service(&one, &places, &mut policies)));
        policies.messages();
        found.append(&mut policies.reader.found);
        idle.append(&mut policies.reader.idle);
    }
    found.extend(imported(pool, loaded, &extensions));
    found.extend(not_acted_on(idle));
    services.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    (Schema { services }, found)
}

/// What is wrong with the messages of files that are only imported: keys and errors of methods are read there, too.
/// What they set idly is for whoever compiles them to hear.
fn imported(pool: &DescriptorPool, loaded: &Loaded, extensions: &Extensions) -> Vec<Diagnostic> {
    let roots: HashSet<&str> = loaded.roots.iter().map(String::as_str).collect();
    let files = pool.files().filter(is_ours);
    let mut found = Vec::new();
    for file in files.filter(|file| !roots.contains(file.name())) {
        let source = loaded.texts.get(file.name());
        let places = Places::new(file.file_descriptor_proto(), source);
        let mut policies = Policies::new(extensions, loaded, &file, &places);
        policies.messages();
        found.append(&mut policies.reader.found);
    }
    found
}

/// Said once, however often such options are set.
fn not_acted_on(idle: Vec<(&'static str, Span)>) -> Option<Diagnostic> {
    let mut names: Vec<_> = idle.iter().map(|(name, _)| format!("`{name}`")).collect();
    let (_, first) = idle.into_iter().next()?;
    names.sort();
    names.dedup();
    let names = match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.join(""),
    };
    let message = format!("{names}: declared, not acted on by this version");
    let warning = Diagnostic::warning("M0503", message, first);
    Some(warning.help("what is declared is checked, and a later version acts on it"))
}

fn service(
    service: &ServiceDescriptor,
    places: &Places<'_>,
    policies: &mut Policies<'_>,
) -> Service {
    let options = service.service_descriptor_proto().options.as_ref();
    let policy = policies.service(service);
    let methods = service.methods();
    let methods = methods.map(|one| method(&one, places, policies, &policy));
    Service {
        methods: methods.collect(),
        name: name(service.name(), service.path(), places),
        module: String::new(),
        package: service.package_name().to_owned(),
        full_name: service.full_name().to_owned(),
        docs: comment(service.path(), places),
        deprecated: options.is_some_and(|options| options.deprecated()),
        policy,
    }
}

fn method(
    method: &MethodDescriptor,
    places: &Places<'_>,
    policies: &mut Policies<'_>,
    service: &Policy,
) -> Method {
    let options = method.method_descriptor_proto().options.as_ref();
    let at = |field| {
        let mut path = method.path().to_vec();
        path.push(field);
        places.span(&path)
    };
    let shape = shape(method);
    let (idempotency, policy) = policies.method(method, shape, service);
    Method {
        name: name(method.name(), method.path(), places),
        shape,
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
        idempotency,
        policy,
        docs: comment(method.path(), places),
        deprecated: options.is_some_and(|options| options.deprecated()),
        own: Own::default(),
    }
}

/// Which sides of a method stream.
pub(crate) fn shape(method: &MethodDescriptor) -> Shape {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => Shape::Unary,
        (true, false) => Shape::ClientStream,
        (false, true) => Shape::ServerStream,
        (true, true) => Shape::Bidi,
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
