//! Sits inside the message back end: hears how it resolved the types of each method, and puts our code next to its
//! messages.
//! It refuses to resolve a type itself, so that ours can never drift from the back end's.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use proc_macro2::TokenStream;
use prost_build::ServiceGenerator;
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

impl ServiceGenerator for Recorder {
    fn generate(&mut self, resolved: prost_build::Service, buf: &mut String) {
        let full_name = match resolved.package.as_str() {
            "" => resolved.proto_name.clone(),
            package => format!("{package}.{}", resolved.proto_name),
        };
        let Some(mut service) = self.services.remove(&full_name) else {
            return;
        };
        for (method, resolved) in service.methods.iter_mut().zip(&resolved.methods) {
            self.resolve(&mut method.input, &resolved.input_type);
            self.resolve(&mut method.output, &resolved.output_type);
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
