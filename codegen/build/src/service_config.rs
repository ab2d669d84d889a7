//! Service configs, merged over what the IDL declares: a value of the file stands in place of the IDL's, and the
//! descriptors say so.
//! It refuses to read the format: `sinew-service-config` does, for the runtime as well.

mod reach;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use sinew_idl::{
    diag::{Diagnostic, Diagnostics, Severity, SourceMap, Span},
    model::{Idempotency, Method, Schema, Service},
    nearest::nearest,
    policy::{self, Delay, Source, Spanned},
};
use sinew_service_config::{
    self as format, Criticality, Level, MethodConfig, Name, Place, Placed, Problem, Rule,
};

use self::reach::Reach;
use crate::{codes, write};

/// One file, read.
struct File {
    name: String,
    config: format::ServiceConfig,
}

/// Merges the files over the policies of the services, and adds to `warnings`.
///
/// # Errors
/// All that is wrong with the files.
pub(crate) fn merge(
    paths: &[PathBuf],
    mut schema: Schema,
    warnings: Diagnostics,
) -> Result<(Schema, Diagnostics), Diagnostics> {
    let services = &mut schema.services;
    let mut found: Vec<Diagnostic> = warnings.iter().cloned().collect();
    let mut sources = warnings.sources().clone();
    let files: Vec<File> = paths
        .iter()
        .filter_map(|path| read(path, &mut found, &mut sources))
        .collect();
    twice(&files, &mut found);
    for file in &files {
        for name in file.config.methods.iter().flat_map(|config| &config.names) {
            found.extend(of_nothing(file, name, services));
        }
        found.extend(not_acted_on(file));
    }
    let mut reach = Reach::default();
    for service in services {
        let full_name = &service.full_name;
        for method in &mut service.methods {
            let of = |file| of_file(file, full_name, &method.name.wire);
            let entries = files.iter().filter_map(of);
            if let Some((file, config, level)) = entries.max_by_key(|(_, _, level)| *level) {
                apply(file, config, level, method);
                reach.note(&file.name, config, level, method);
            }
        }
    }
    found.extend(reach.said());
    let is_wrong = found.iter().any(|one| one.severity == Severity::Error);
    let all = Diagnostics::new(found, sources);
    if is_wrong {
        Err(all)
    } else {
        Ok((schema, all))
    }
}

fn read(path: &Path, found: &mut Vec<Diagnostic>, sources: &mut SourceMap) -> Option<File> {
    let name = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            found.push(write::io_error(path, "read", &error));
            return None;
        }
    };
    let read = format::read(&text);
    let problems = read.problems.iter();
    found.extend(problems.map(|problem| diagnostic(&name, problem)));
    sources.insert(name.as_str(), Some(path.to_owned()), text);
    let config = read.config;
    Some(File { name, config })
}

fn of_file<'a>(
    file: &'a File,
    service: &str,
    method: &str,
) -> Option<(&'a File, &'a MethodConfig, Level)> {
    let (config, level) = file.config.of(service, method)?;
    Some((file, config, level))
}

fn diagnostic(file: &str, problem: &Problem) -> Diagnostic {
    let code = match problem.rule {
        Rule::Syntax => codes::config::SYNTAX,
        Rule::Value => codes::config::VALUE,
        Rule::Name => codes::config::NAME,
        Rule::Exclusive => codes::config::EXCLUSIVE,
        Rule::Unknown => codes::config::UNKNOWN,
        Rule::Idle => codes::config::IDLE,
    };
    let message = match problem.place.path.as_str() {
        "" => problem.message.clone(),
        path => format!("{path}: {}", problem.message),
    };
    let span = span(file, &problem.place);
    let mut one = match problem.severity {
        format::Severity::Error => Diagnostic::error(code, message, span),
        format::Severity::Warning => Diagnostic::warning(code, message, span),
    };
    if let Some((place, label)) = &problem.also {
        one = one.also(self::span(file, place), *label);
    }
    one.help = problem.help.clone();
    one
}

fn span(file: &str, place: &Place) -> Span {
    Span::Idl {
        file: file.into(),
        line: place.line,
        column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
    }
}

/// Names that are in two files.
fn twice(files: &[File], found: &mut Vec<Diagnostic>) {
    let mut first: HashMap<(&str, &str), (&File, &Place)> = HashMap::new();
    for file in files {
        for name in file.config.methods.iter().flat_map(|config| &config.names) {
            let key = (name.service.as_str(), name.method.as_str());
            if let Some((before, place)) = first.get(&key) {
                let message = format!("{}: {} is named in two files", name.place.path, shown(name));
                let again =
                    Diagnostic::error(codes::config::NAME, message, span(&file.name, &name.place));
                found.push(again.also(span(&before.name, place), "first named"));
            } else {
                first.insert(key, (file, &name.place));
            }
        }
    }
}

fn shown(name: &Name) -> String {
    match name.level() {
        Level::Default => "the default".to_owned(),
        Level::Service => format!("`{}`", name.service),
        Level::Method => format!("`{}/{}`", name.service, name.method),
    }
}

/// A name that nothing has that is compiled here.
fn of_nothing(file: &File, name: &Name, services: &[Service]) -> Option<Diagnostic> {
    if name.level() == Level::Default {
        return None;
    }
    let service = services.iter().find(|one| one.full_name == name.service);
    let (what, near) = match service {
        None => {
            let names = services.iter().map(|one| one.full_name.as_str());
            let what = format!("`{}` is no service that is compiled here", name.service);
            (what, nearest(&name.service, names))
        }
        Some(service) => {
            let mut names = service.methods.iter().map(|one| one.name.wire.as_str());
            if name.level() == Level::Service || names.any(|one| one == name.method) {
                return None;
            }
            let names = service.methods.iter().map(|one| one.name.wire.as_str());
            let what = format!("`{}` has no method `{}`", name.service, name.method);
            (what, nearest(&name.method, names))
        }
    };
    let message = format!("{}: {what}", name.place.path);
    let span = span(&file.name, &name.place);
    let nothing = Diagnostic::warning(codes::config::NOTHING, message, span);
    Some(match near {
        Some(near) => nothing.help(format!("did you mean `{near}`?")),
        None => nothing,
    })
}

/// What is checked and waits for its layer, once a file.
fn not_acted_on(file: &File) -> Option<Diagnostic> {
    let mut first = None;
    let mut names = Vec::new();
    for config in &file.config.methods {
        let retry = config
            .retry
            .as_ref()
            .map(|one| ("`retryPolicy`", &one.place));
        let hedge = config
            .hedge
            .as_ref()
            .map(|one| ("`hedgingPolicy`", &one.place));
        let criticality = config.criticality.as_ref();
        let criticality = criticality.map(|one| ("`criticality`", &one.place));
        for (name, place) in [retry, hedge, criticality].into_iter().flatten() {
            first.get_or_insert(place);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let message = format!(
        "{}: declared, not acted on by this version",
        names.join(", ")
    );
    Some(Diagnostic::warning(
        "M0503",
        message,
        span(&file.name, first?),
    ))
}

/// Puts what an entry says in place of what the IDL does.
fn apply(file: &File, config: &MethodConfig, level: Level, method: &mut Method) {
    let by = Source::ServiceConfig;
    let policy = &mut method.policy;
    let sources = &mut policy.sources;
    let file = &file.name;
    put(
        &mut policy.timeout,
        &mut sources.timeout,
        &config.timeout,
        file,
    );
    if method.shape.server_streams() {
        let (own, source) = (&mut policy.idle_timeout, &mut sources.idle_timeout);
        put(own, source, &config.idle_timeout, file);
    }
    let (own, source) = (
        &mut policy.max_request_bytes,
        &mut sources.max_request_bytes,
    );
    put(own, source, &config.max_request_bytes, file);
    let (own, source) = (&mut policy.max_reply_bytes, &mut sources.max_reply_bytes);
    put(own, source, &config.max_reply_bytes, file);
    let (own, source) = (&mut policy.wait_for_ready, &mut sources.wait_for_ready);
    put(own, source, &config.wait_for_ready, file);
    if let Some(criticality) = &config.criticality {
        let value = match criticality.value {
            Criticality::CriticalPlus => policy::Criticality::CriticalPlus,
            Criticality::Critical => policy::Criticality::Critical,
            Criticality::SheddablePlus => policy::Criticality::SheddablePlus,
            Criticality::Sheddable => policy::Criticality::Sheddable,
        };
        policy.criticality = Some(spanned(value, &criticality.place, file));
        sources.criticality = by;
    }
    let is_repeatable = method.idempotency != Idempotency::Unsafe;
    if !MethodConfig::repeats(level, method.shape.client_streams(), is_repeatable) {
        return;
    }
    if let Some(retry) = &config.retry {
        policy.retry = Some(spanned(self::retry(retry, file), &retry.place, file));
        policy.hedge = None;
        sources.retry = by;
    }
    if let Some(hedge) = &config.hedge {
        policy.hedge = Some(spanned(self::hedge(hedge, file), &hedge.place, file));
        policy.retry = None;
        sources.hedge = by;
    }
}

fn put<T: Clone>(
    own: &mut Option<Spanned<T>>,
    source: &mut Source,
    placed: &Option<Placed<T>>,
    file: &str,
) {
    if let Some(placed) = placed {
        *own = Some(spanned(placed.value.clone(), &placed.place, file));
        *source = Source::ServiceConfig;
    }
}

fn spanned<T>(value: T, place: &Place, file: &str) -> Spanned<T> {
    let span = span(file, place);
    Spanned { value, span }
}

fn retry(retry: &Placed<format::Retry>, file: &str) -> policy::Retry {
    let Placed { value, place } = retry;
    policy::Retry {
        max_attempts: Some(spanned(value.max_attempts, place, file)),
        initial_backoff: Some(spanned(value.initial_backoff, place, file)),
        max_backoff: Some(spanned(value.max_backoff, place, file)),
        multiplier: Some(spanned(value.multiplier, place, file)),
        codes: codes_of(&value.codes, place, file),
    }
}

fn hedge(hedge: &Placed<format::Hedge>, file: &str) -> policy::Hedge {
    let Placed { value, place } = hedge;
    policy::Hedge {
        max_attempts: Some(spanned(value.max_attempts, place, file)),
        delay: Some(spanned(Delay::After(value.delay), place, file)),
        codes: codes_of(&value.codes, place, file),
    }
}

fn codes_of(codes: &[&str], place: &Place, file: &str) -> Vec<Spanned<String>> {
    let code = |code: &&str| spanned((*code).to_owned(), place, file);
    codes.iter().map(code).collect()
}
