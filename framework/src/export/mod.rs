//! A service that is written in Rust as a `.proto` file, for peers that compile one.
//! It refuses to guess: a message without a name, or that no descriptor set declares, fails the export.

mod error;
mod options;
#[cfg(test)]
mod tests;

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::marker::PhantomData;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::call::{Idempotency, MethodSpec, ServiceSpec};

pub use error::{ExportError, Lack, Missing};

/// A message type, and its full name if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    rust: fn() -> &'static str,
    name: Option<fn() -> String>,
}

impl Message {
    /// A message that knows its full name, as all do that `sinew-build` writes.
    pub const fn named<T: prost::Name>() -> Self {
        Self {
            rust: type_name::<T>,
            name: Some(T::full_name),
        }
    }

    /// A message that does not: a prost type that is written by hand.
    pub const fn unnamed<T>() -> Self {
        Self {
            rust: type_name::<T>,
            name: None,
        }
    }
}

/// Asks a concrete type for its name: `Probe::<T>::message()`, with [`Unnamed`] in scope, is [`Message::named`] where
/// `T` implements [`prost::Name`], and [`Message::unnamed`] elsewhere.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: prost::Name> Probe<T> {
    /// With its name.
    pub const fn message() -> Message {
        Message::named::<T>()
    }
}

/// What [`Probe`] answers for types without a name.
pub trait Unnamed {
    /// Without a name.
    fn message() -> Message;
}

impl<T> Unnamed for Probe<T> {
    fn message() -> Message {
        Message::unnamed::<T>()
    }
}

/// The messages of one method, and what is said of it.
#[derive(Clone, Copy, Debug)]
pub struct Rpc<'a> {
    /// The method's name: `AddLine`.
    pub name: &'a str,
    /// Its comment, in lines; empty where it has none.
    pub docs: &'a str,
    /// What it takes.
    pub request: Message,
    /// What it answers.
    pub reply: Message,
}

/// The `.proto` file of `service`, whose messages are `rpcs`. The file imports those that declare the messages, as
/// `descriptors` says: encoded `google.protobuf.FileDescriptorSet`s, such as the `DESCRIPTORS` of a package's module.
/// `docs` is the comment of the service, as [`Rpc::docs`] is that of a method; those of messages stand in the imported
/// files. What a service config said of a method is no part of it.
///
/// # Errors
/// Each message that lacks something, or the set that cannot be decoded.
pub fn export(
    service: &ServiceSpec,
    docs: &str,
    rpcs: &[Rpc<'_>],
    descriptors: &[&[u8]],
) -> Result<String, ExportError> {
    let files = declared_in(descriptors)?;
    let mut imports = BTreeSet::new();
    let mut missing = Vec::new();
    let mut methods = Vec::new();
    for method in service.methods() {
        let Some(rpc) = rpcs.iter().find(|rpc| rpc.name == method.name()) else {
            missing.push(Missing::new(method, method.name(), Lack::Messages));
            continue;
        };
        let mut resolve = |message: Message| {
            let rust = (message.rust)();
            let Some(name) = message.name else {
                missing.push(Missing::new(method, rust, Lack::Name));
                return String::new();
            };
            let name = name();
            match home(&files, &name) {
                Some(file) => drop(imports.insert(file.to_owned())),
                None => missing.push(Missing::new(method, rust, Lack::Descriptor)),
            }
            name
        };
        methods.push(Printed {
            method,
            docs: rpc.docs,
            request: resolve(rpc.request),
            reply: resolve(rpc.reply),
        });
        for (name, _) in method.policy().errors {
            match home(&files, name) {
                Some(file) => drop(imports.insert(file.to_owned())),
                None => missing.push(Missing::new(method, name, Lack::Descriptor)),
            }
        }
    }
    if !missing.is_empty() {
        return Err(ExportError::Missing(missing));
    }
    Ok(print(service, docs, &methods, imports))
}

/// The file that declares a message. Those that come with every compiler need not be in a set: `()` is one of them.
fn home<'a>(files: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    if let Some(file) = files.get(name) {
        return Some(file);
    }
    Some(match name.strip_prefix("google.protobuf.")? {
        "Any" => "google/protobuf/any.proto",
        "Duration" => "google/protobuf/duration.proto",
        "Empty" => "google/protobuf/empty.proto",
        "FieldMask" => "google/protobuf/field_mask.proto",
        "Timestamp" => "google/protobuf/timestamp.proto",
        "ListValue" | "Struct" | "Value" => "google/protobuf/struct.proto",
        "BoolValue" | "BytesValue" | "DoubleValue" | "FloatValue" | "Int32Value" | "Int64Value"
        | "StringValue" | "UInt32Value" | "UInt64Value" => "google/protobuf/wrappers.proto",
        _ => return None,
    })
}

/// The file of each message, by the message's full name.
fn declared_in(descriptors: &[&[u8]]) -> Result<BTreeMap<String, String>, ExportError> {
    let mut files = BTreeMap::new();
    for set in descriptors {
        let set = FileDescriptorSet::decode(*set).map_err(ExportError::Descriptors)?;
        for file in set.file {
            let package = file.package.as_deref().unwrap_or_default();
            let path = file.name.as_deref().unwrap_or_default();
            add(&mut files, package, &file.message_type, path);
        }
    }
    Ok(files)
}

fn add(
    files: &mut BTreeMap<String, String>,
    scope: &str,
    messages: &[DescriptorProto],
    path: &str,
) {
    for message in messages {
        let name = message.name.as_deref().unwrap_or_default();
        let full = match scope {
            "" => name.to_owned(),
            _ => format!("{scope}.{name}"),
        };
        add(files, &full, &message.nested_type, path);
        files.insert(full, path.to_owned());
    }
}

/// A method, and the full names of its messages.
struct Printed<'a> {
    method: &'a MethodSpec,
    docs: &'a str,
    request: String,
    reply: String,
}

fn print(
    service: &ServiceSpec,
    docs: &str,
    methods: &[Printed<'_>],
    mut imports: BTreeSet<String>,
) -> String {
    let (package, name) = match service.name().rsplit_once('.') {
        Some((package, name)) => (package, name),
        None => ("", service.name()),
    };
    let of_service = options::of_service(service.methods());
    let mut body = comment("", docs);
    // Writing to a `String` cannot fail.
    let _ = writeln!(body, "service {name} {{");
    let mut policies = options::print(&mut body, "  ", "sinew.service", &of_service);
    for printed in methods {
        let method = printed.method;
        let (request, reply) = (&printed.request, &printed.reply);
        let shape = method.shape();
        let stream = |streams| if streams { "stream " } else { "" };
        let (takes, gives) = (
            stream(shape.client_streams()),
            stream(shape.server_streams()),
        );
        let mut inner = String::new();
        match method.idempotency() {
            Idempotency::Unsafe => {}
            Idempotency::Idempotent => {
                inner.push_str("    option idempotency_level = IDEMPOTENT;\n");
            }
            Idempotency::Safe => {
                inner.push_str("    option idempotency_level = NO_SIDE_EFFECTS;\n");
            }
        }
        if options::print_routing(&mut inner, method) {
            imports.insert("google/api/routing.proto".to_owned());
        }
        let fields = options::of_method(method, &of_service);
        policies |= options::print(&mut inner, "    ", "sinew.method", &fields);
        let end = match inner.as_str() {
            "" => ";".to_owned(),
            _ => format!(" {{\n{inner}  }}"),
        };
        body += &comment("  ", printed.docs);
        let _ = writeln!(
            body,
            "  rpc {}({takes}.{request}) returns ({gives}.{reply}){end}",
            method.name()
        );
    }
    body.push_str("}\n");
    if policies {
        imports.insert("sinew/options.proto".to_owned());
    }
    let mut out = "syntax = \"proto3\";\n\n".to_owned();
    if !package.is_empty() {
        let _ = writeln!(out, "package {package};\n");
    }
    for import in &imports {
        let _ = writeln!(out, "import {};", options::quoted(import));
    }
    if !imports.is_empty() {
        out.push('\n');
    }
    out + &body
}

/// A comment, each line behind `//`: what starts or ends a comment within it means nothing there.
fn comment(indent: &str, docs: &str) -> String {
    let lines = docs.lines().map(str::trim_end);
    let lines = lines.map(|line| match line {
        "" => format!("{indent}//\n"),
        line => format!("{indent}// {line}\n"),
    });
    lines.collect()
}
