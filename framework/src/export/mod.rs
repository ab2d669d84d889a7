//! A service that is written in Rust as a `.proto` file, for peers that compile one.
//! It refuses to guess: a message without a name, or that no descriptor set declares, fails the export.
//!
//! What is not generic is inline, so that programs that ask for it compile it, and not every build of this crate.

mod error;
mod messages;
mod options;
#[cfg(test)]
mod tests;

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::marker::PhantomData;

use crate::call::domain::Declares;
use crate::call::{Code, Idempotency, ServiceSpec};

pub use error::{ExportError, Lack, Missing};
use messages::Messages;
use options::Declared;

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

impl<E: Declares> Probe<E> {
    /// The errors that it declares, and the code of each.
    pub fn errors() -> Vec<(String, Code)> {
        E::declared()
    }
}

/// What [`Probe`] answers for types without a name, and for those that declare no errors.
pub trait Unnamed {
    /// Without a name.
    fn message() -> Message;

    /// None.
    fn errors() -> Vec<(String, Code)> {
        Vec::new()
    }
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
    /// The errors that it declares by a type, each with its code, besides those of its descriptor.
    pub errors: fn() -> Vec<(String, Code)>,
}

/// The `.proto` file of `service`, whose messages are `rpcs`. The file imports those that declare the messages, as
/// `descriptors` says: encoded `google.protobuf.FileDescriptorSet`s, such as the `DESCRIPTORS` of a package's module.
/// `docs` is the comment of the service, as [`Rpc::docs`] is that of a method; those of messages stand in the imported
/// files. What a service config said of a method is no part of it.
///
/// # Errors
/// Each message that lacks something, or the set that cannot be decoded.
#[inline]
pub fn export(
    service: &ServiceSpec,
    docs: &str,
    rpcs: &[Rpc<'_>],
    descriptors: &[&[u8]],
) -> Result<String, ExportError> {
    let messages = Messages::read(descriptors)?;
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
            match messages.home(&name) {
                Some(file) => drop(imports.insert(file.to_owned())),
                None => missing.push(Missing::new(method, rust, Lack::Descriptor)),
            }
            name
        };
        let (request, reply) = (resolve(rpc.request), resolve(rpc.reply));
        let declared = Declared::new(method, rpc, |path| messages.path(&request, path));
        for (name, _) in &declared.errors {
            match messages.home(name) {
                Some(file) => drop(imports.insert(file.to_owned())),
                None => missing.push(Missing::new(method, name, Lack::Descriptor)),
            }
        }
        for path in &declared.unknown {
            missing.push(Missing::new(method, path, Lack::Field));
        }
        methods.push(Printed {
            declared,
            docs: rpc.docs,
            request,
            reply,
        });
    }
    if !missing.is_empty() {
        return Err(ExportError::Missing(missing));
    }
    Ok(print(service, docs, &methods, imports))
}

/// A method, and the full names of its messages.
struct Printed<'a> {
    declared: Declared<'a>,
    docs: &'a str,
    request: String,
    reply: String,
}

#[inline]
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
    let of_service = options::of_service(methods.iter().map(|printed| &printed.declared));
    let mut body = comment("", docs);
    // Writing to a `String` cannot fail.
    let _ = writeln!(body, "service {name} {{");
    if service.is_deprecated() {
        body.push_str("  option deprecated = true;\n");
    }
    let mut policies = options::print(&mut body, "  ", "sinew.service", &of_service);
    for printed in methods {
        let declared = &printed.declared;
        let method = declared.method;
        let (request, reply) = (&printed.request, &printed.reply);
        let shape = method.shape();
        let stream = |streams| if streams { "stream " } else { "" };
        let (takes, gives) = (
            stream(shape.client_streams()),
            stream(shape.server_streams()),
        );
        let mut inner = String::new();
        if method.is_deprecated() {
            inner.push_str("    option deprecated = true;\n");
        }
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
        let fields = options::of_method(declared, &of_service);
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
#[inline]
fn comment(indent: &str, docs: &str) -> String {
    let lines = docs.lines().map(str::trim_end);
    let lines = lines.map(|line| match line {
        "" => format!("{indent}//\n"),
        line => format!("{indent}// {line}\n"),
    });
    lines.collect()
}
