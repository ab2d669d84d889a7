//! The errors that methods declare: their messages by name, their codes.
//! It refuses to generate types of them.

use prost_reflect::{FileDescriptor, MessageDescriptor, MethodDescriptor};
use sinew_idl::{
    codes,
    diag::{Diagnostic, Span},
    nearest::nearest,
    policy::{ErrorType, Spanned},
};

use crate::{extensions::Extensions, options};

/// Replaces each name by the full name of its message, and each code that is left out; drops what is none.
pub(crate) fn resolve(
    errors: &mut Vec<Spanned<ErrorType>>,
    method: &MethodDescriptor,
    extensions: &Extensions,
    found: &mut Vec<Diagnostic>,
) {
    let mut seen: Vec<(String, Span)> = Vec::new();
    errors.retain_mut(|Spanned { value: error, span }| {
        let message = match find(method, &error.ty.full_name) {
            Ok(message) => message,
            Err((message, help)) => {
                let wrong = Diagnostic::error("M0150", message, span.clone());
                found.push(wrong.help(help));
                return false;
            }
        };
        message.full_name().clone_into(&mut error.ty.full_name);
        if let Some((_, first)) = seen.iter().find(|(name, _)| *name == error.ty.full_name) {
            let text = format!("`{}` is listed twice", message.name());
            let twice = Diagnostic::error("M0150", text, span.clone());
            found.push(twice.also(first.clone(), "first listed"));
            return false;
        }
        seen.push((error.ty.full_name.clone(), span.clone()));
        if !error.code.value.is_empty() {
            found.extend(wrong_code(&error.code));
        } else if let Some(code) = extensions.code(&message) {
            error.code.value = code;
        } else {
            error.code = options::default_code(span);
        }
        true
    });
}

/// What is wrong with the code of an error.
pub(crate) fn wrong_code(code: &Spanned<String>) -> Option<Diagnostic> {
    let (message, help) = codes::wrong(&code.value)?;
    Some(Diagnostic::error("M0150", message, code.span.clone()).help(help))
}

/// The message called `name` as seen from the service, or what is wrong and what to do.
fn find(method: &MethodDescriptor, name: &str) -> Result<MessageDescriptor, (String, String)> {
    let service = method.parent_service();
    let (pool, file) = (service.parent_pool(), service.parent_file());
    let is_absolute = name.starts_with('.');
    let mut scope = match is_absolute {
        true => "",
        false => service.full_name(),
    };
    let name = name.trim_start_matches('.');
    if name.is_empty() {
        let help = "write `type: \"…\"`, with the name of a message".to_owned();
        return Err(("an entry of `errors` names no message".to_owned(), help));
    }
    let is_seen =
        |home: &FileDescriptor| *home == file || file.dependencies().any(|import| import == *home);
    // As names are looked up everywhere, what is not imported does not stand in the way of what is.
    let mut hidden = None;
    loop {
        let full_name = match scope {
            "" => name.to_owned(),
            scope => format!("{scope}.{name}"),
        };
        if let Some(message) = pool.get_message_by_name(&full_name) {
            let home = message.parent_file();
            if is_seen(&home) {
                return Ok(message);
            }
            let what = format!("`errors` names `{full_name}`, which is not imported");
            hidden.get_or_insert((what, format!("import \"{}\"", home.name())));
        }
        let one = pool.get_enum_by_name(&full_name);
        if one.is_some_and(|one| is_seen(&one.parent_file())) {
            let what = format!("`errors` names `{full_name}`, which is an enum");
            return Err((what, "an error is a message: wrap it in one".to_owned()));
        }
        match scope.rfind('.') {
            _ if scope.is_empty() => break,
            Some(dot) => scope = &scope[..dot],
            None => scope = "",
        }
    }
    if let Some(hidden) = hidden {
        return Err(hidden);
    }
    let what = format!("`errors` names `{name}`, and there is no such message");
    let names = names(&file, is_absolute);
    let help = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) if is_absolute => format!("did you mean `.{near}`?"),
        Some(near) => format!("did you mean `{near}`?"),
        None if is_absolute => {
            "after a dot comes a full name, that of the package first".to_owned()
        }
        None => "it is looked for from the service outwards, as the messages of its methods are"
            .to_owned(),
    };
    Err((what, help))
}

/// What messages that a file sees could be called: those of its own by their short names, too.
fn names(file: &FileDescriptor, is_absolute: bool) -> Vec<String> {
    let own = file.messages().map(|message| match is_absolute {
        true => message.full_name().to_owned(),
        false => message.name().to_owned(),
    });
    let mut names: Vec<_> = own.collect();
    for import in file.dependencies() {
        names.extend(import.messages().map(|one| one.full_name().to_owned()));
    }
    names
}
