//! Lowers the services of the files asked for to the model that generators read.
//! It refuses to look at messages: those are the message back end's.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use prost_types::method_options::IdempotencyLevel;
use sinew_idl::model::{Docs, Idempotency, Method, Name, Schema, Service, Shape, TypeRef};

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
        docs: docs(service.path(), places),
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
        docs: docs(method.path(), places),
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
fn docs(path: &[i32], places: &Places<'_>) -> Docs {
    let Some(location) = places.location(path) else {
        return Docs::default();
    };
    let comment = match (location.leading_comments(), location.trailing_comments()) {
        ("", trailing) => trailing,
        (leading, _) => leading,
    };
    Docs(plain(comment))
}

/// The lines of a comment without what belongs to its marks: the space behind `//`, the third `/` and the second `*`.
fn plain(comment: &str) -> Vec<String> {
    let mut lines: Vec<&str> = comment
        .split('\n')
        .map(|line| line.trim_end_matches(['\r', ' ', '\t']))
        .collect();
    if let Some(first) = lines.first_mut() {
        *first = match first.strip_prefix('*') {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest,
            _ => first,
        };
    }
    strip(&mut lines, '/');
    strip(&mut lines, ' ');
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    lines.into_iter().map(str::to_owned).collect()
}

/// Takes `mark` from the start of all lines, if every line that is not empty has it.
fn strip(lines: &mut [&str], mark: char) {
    if lines
        .iter()
        .all(|line| line.is_empty() || line.starts_with(mark))
    {
        for line in lines {
            *line = line.strip_prefix(mark).unwrap_or(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_lose_their_marks_and_nothing_else() {
        for (comment, expected) in [
            ("", &[][..]),
            (" Adds.\n\n   Deep.\n", &["Adds.", "", "  Deep."]),
            ("Tight.\n more\n", &["Tight.", " more"]),
            ("/ Three.\n/ Slashes.\n", &["Three.", "Slashes."]),
            ("* Stars.\n ", &["Stars."]),
            ("*\n Stars.\n More.\n", &["Stars.", "More."]),
            (" * item\n * item\n", &["* item", "* item"]),
            (" CRLF\r\n line\r\n", &["CRLF", "line"]),
            ("\n\n  \n", &[]),
        ] {
            assert_eq!(plain(comment), expected, "{comment:?}");
        }
    }
}
