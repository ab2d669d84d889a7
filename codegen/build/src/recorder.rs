//! Sits inside the message back end: hears how it resolved the types of each method, and puts our code next to its
//! messages.
//! It refuses to resolve a type itself, so that ours can never drift from the back end's.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use proc_macro2::TokenStream;
use prost_build::ServiceGenerator;
use prost_types::{FileDescriptorProto, MethodDescriptorProto};
use quote::quote;
use sinew_codegen::Emit;
use sinew_idl::model::{Service, TypeRef};

use crate::tidy;

/// What the recorder knows and has seen, shared with whoever started the back end.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// How many files are finished, in the order in which they were handed over: the next one is the one in work.
    pub(crate) finished: usize,
    /// Types that came back as something else than a path, each with its IDL name.
    pub(crate) unreadable: Vec<String>,
}

pub(crate) struct Recorder {
    services: HashMap<String, Service>,
    emit: Emit,
    record: Rc<RefCell<Record>>,
}

impl Recorder {
    /// Emits `services` as `emit` says, apart from its path of the descriptors, which depends on the package.
    pub(crate) fn new(services: Vec<Service>, emit: Emit, record: Rc<RefCell<Record>>) -> Self {
        let services = services
            .into_iter()
            .map(|s| (s.full_name.clone(), s))
            .collect();
        Self {
            services,
            emit,
            record,
        }
    }

    fn resolve(&self, ty: &mut TypeRef, path: &str) {
        match path.parse() {
            Ok(tokens) => ty.rust = tokens,
            Err(_) => self
                .record
                .borrow_mut()
                .unreadable
                .push(format!("{} ({path})", ty.full_name)),
        }
    }
}

/// Adds to each service methods that take the errors of its own, for the back end resolves the types of methods alone;
/// the recorder takes them out again.
pub(crate) fn show_errors(files: &mut [FileDescriptorProto], services: &[Service]) {
    let services: HashMap<&str, &Service> = services
        .iter()
        .map(|service| (&*service.full_name, service))
        .collect();
    for file in files {
        let package = file.package.clone().unwrap_or_default();
        for declared in &mut file.service {
            let Some(service) = services.get(&*full_name(&package, declared.name())) else {
                continue;
            };
            let methods = service.methods.iter();
            for error in methods.flat_map(|method| &method.policy.errors) {
                let ty = format!(".{}", error.value.ty.full_name);
                declared.method.push(MethodDescriptorProto {
                    name: Some("Error".to_owned()),
                    input_type: Some(ty.clone()),
                    output_type: Some(ty),
                    ..Default::default()
                });
            }
        }
    }
}

fn full_name(package: &str, name: &str) -> String {
    match package {
        "" => name.to_owned(),
        package => format!("{package}.{name}"),
    }
}

impl ServiceGenerator for Recorder {
    fn generate(&mut self, resolved: prost_build::Service, buf: &mut String) {
        let full_name = full_name(&resolved.package, &resolved.proto_name);
        let Some(mut service) = self.services.remove(&full_name) else {
            return;
        };
        for (method, resolved) in service.methods.iter_mut().zip(&resolved.methods) {
            self.resolve(&mut method.input, &resolved.input_type);
            self.resolve(&mut method.output, &resolved.output_type);
        }
        let methods = service.methods.len();
        let errors = service.methods.iter_mut();
        let errors = errors.flat_map(|method| &mut method.policy.errors);
        for (error, resolved) in errors.zip(resolved.methods.iter().skip(methods)) {
            self.resolve(&mut error.value.ty, &resolved.input_type);
        }
        let emit = Emit {
            descriptors: Some(descriptors(&resolved.package)),
            ..self.emit.clone()
        };
        match syn2::parse2(sinew_codegen::emit(&service, &emit)) {
            Ok(file) => buf.push_str(&tidy::verbatim(&prettyplease::unparse(&file))),
            Err(error) => {
                let unreadable = &mut self.record.borrow_mut().unreadable;
                unreadable.push(format!("{full_name} ({error})"));
            }
        }
    }

    fn finalize(&mut self, _: &mut String) {
        self.record.borrow_mut().finished += 1;
    }
}

/// The descriptors lie beside the outermost packages; a service's module is one below its package.
fn descriptors(package: &str) -> TokenStream {
    let depth = package.split('.').filter(|part| !part.is_empty()).count() + 1;
    let supers = (0..depth).map(|_| quote!(super::));
    quote!(#(#supers)* DESCRIPTORS)
}
