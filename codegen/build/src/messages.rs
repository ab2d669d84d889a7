//! The message back end: prost-build over a descriptor set, with our recorder inside.
//! It refuses to let the back end end the build: what it panics with becomes a diagnostic that names the file.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    sync::Once,
};

use prost_build::Module;
use prost_types::{DescriptorProto, FileDescriptorProto};
use sinew_codegen::Emit;
use sinew_idl::{
    diag::{Diagnostic, Span},
    model::Service,
};

use crate::{
    aliases, codes,
    comments::Comments,
    recorder::{self, Record, Recorder},
};

/// Where generated code finds prost, so that a user needs one dependency.
const PROST: &str = "::sinew::codegen::prost";
const PROST_TYPES: &str = "::sinew::codegen::prost_types";

/// What every implementation puts in front of the names in an `Any`.
const TYPE_DOMAIN: &str = "type.googleapis.com";

/// Code of one module, by the parts of its path (`["shop", "v1"]`).
pub(crate) type Modules = BTreeMap<Vec<String>, Package>;

/// What was generated for one package.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) code: String,
    /// The files that it comes from, sorted.
    pub(crate) files: BTreeSet<String>,
}

/// Generates the messages of `roots` and of everything that they use, and the code of `services`.
pub(crate) fn generate(
    mut prost: prost_build::Config,
    mut files: Vec<FileDescriptorProto>,
    roots: &BTreeSet<String>,
    services: Vec<Service>,
    emit: Emit,
) -> Result<Modules, Vec<Diagnostic>> {
    let mut comments = Comments::default();
    recorder::show_errors(&mut files, &services);
    let mut files = used(files, roots);
    aliases::resolve(&mut files);
    for file in &mut files {
        if !roots.contains(file.name()) {
            file.service.clear();
        }
        comments.take(file);
    }
    let names: Vec<_> = files.iter().map(|file| file.name().to_owned()).collect();
    let requests: Vec<_> = files
        .into_iter()
        .map(|file| (Module::from_protobuf_package_name(file.package()), file))
        .collect();
    let mut modules = Modules::new();
    for ((module, _), name) in requests.iter().zip(&names) {
        let package = modules.entry(parts(module)).or_default();
        package.files.insert(name.clone());
    }

    let record = Rc::new(RefCell::new(Record::default()));
    prost
        .prost_path(PROST)
        .prost_types_path(PROST_TYPES)
        .enable_type_names()
        .type_name_domain(["."], TYPE_DOMAIN)
        .service_generator(Box::new(Recorder::new(services, emit, Rc::clone(&record))));
    let generated = quietly(|| prost.generate(requests));
    let record = record.borrow();
    let file_in_work = || match names.get(record.finished) {
        Some(file) => Span::file(file.as_str()),
        None => Span::None,
    };
    let generated = match generated {
        Ok(Ok(generated)) => generated,
        Ok(Err(error)) => {
            return Err(vec![Diagnostic::error(
                codes::BACK_END,
                error.to_string(),
                Span::None,
            )]);
        }
        Err(panic) => {
            let message = format!(
                "the message back end gave up on this file: {}",
                text(&*panic)
            );
            return Err(vec![Diagnostic::error(
                codes::BACK_END,
                message,
                file_in_work(),
            )]);
        }
    };
    if !record.unreadable.is_empty() {
        let message = format!("no Rust paths: {}", record.unreadable.join(", "));
        return Err(vec![
            Diagnostic::error(codes::BACK_END, message, Span::None)
                .help("see `Config::extern_path`"),
        ]);
    }
    for (module, code) in generated {
        let package = modules.entry(parts(&module)).or_default();
        package.code = comments.restore(&code);
    }
    modules.retain(|_, package| !package.code.is_empty());
    Ok(modules)
}

fn parts(module: &Module) -> Vec<String> {
    module.parts().map(str::to_owned).collect()
}

/// The roots and the files whose types they use, by name: an import that is only there for its options generates
/// nothing.
fn used(files: Vec<FileDescriptorProto>, roots: &BTreeSet<String>) -> Vec<FileDescriptorProto> {
    let mut home = HashMap::new();
    for (index, file) in files.iter().enumerate() {
        for name in file.message_type.iter().map(DescriptorProto::name) {
            declare(&mut home, file.package(), name, index);
        }
        for declared in &file.enum_type {
            declare(&mut home, file.package(), declared.name(), index);
        }
    }
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut open: VecDeque<usize> = files
        .iter()
        .enumerate()
        .filter(|(_, f)| roots.contains(f.name()))
        .map(|(i, _)| i)
        .collect();
    while let Some(index) = open.pop_front() {
        if !used.insert(index) {
            continue;
        }
        let file = &files[index];
        let mut types = Vec::new();
        file.message_type
            .iter()
            .for_each(|message| types_of(message, &mut types));
        if roots.contains(file.name()) {
            let methods = file.service.iter().flat_map(|service| &service.method);
            types.extend(methods.flat_map(|m| [m.input_type(), m.output_type()]));
        }
        open.extend(types.iter().filter_map(|name| home_of(&home, name)));
    }
    let mut files: Vec<_> = files
        .into_iter()
        .enumerate()
        .filter(|(index, _)| used.contains(index))
        .map(|(_, file)| file)
        .collect();
    files.sort_by(|a, b| a.name().cmp(b.name()));
    files
}

fn declare(home: &mut HashMap<String, usize>, package: &str, name: &str, index: usize) {
    let dot = if package.is_empty() { "" } else { "." };
    home.insert(format!(".{package}{dot}{name}"), index);
}

/// The file of a type, or of the outermost type that it is nested in.
fn home_of(home: &HashMap<String, usize>, name: &str) -> Option<usize> {
    let mut name = name;
    loop {
        if let Some(index) = home.get(name) {
            return Some(*index);
        }
        name = &name[..name.rfind('.')?];
    }
}

fn types_of<'a>(message: &'a DescriptorProto, types: &mut Vec<&'a str>) {
    types.extend(
        message
            .field
            .iter()
            .filter_map(|field| field.type_name.as_deref()),
    );
    message
        .nested_type
        .iter()
        .for_each(|nested| types_of(nested, types));
}

/// Runs `work` and catches a panic of it, without the noise of the hook. That hook is everybody's, so it stays as it is
/// for other threads.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    thread_local!(static IS_QUIET: Cell<bool> = const { Cell::new(false) });
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                hook(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(false);
    result
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests;
