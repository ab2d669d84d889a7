//! The policies of a file's services and methods: what our options say, what standard annotations say where they do
//! not, and what is wrong with either.
//! It refuses to apply anything: generators and the runtime do.

use prost_reflect::{FileDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor};
use prost_types::method_options::IdempotencyLevel;
use sinew_idl::{
    diag::{Diagnostic, Span},
    model::{Idempotency, Shape},
    policy::{FieldPath, HashKey, KeyField, Policy, Spanned, UserKey},
    validate,
};

use crate::{
    errors,
    extensions::{Extensions, is_ours, value},
    http,
    keys::{self, NoKey},
    load::Loaded,
    options::Reader,
    places::Places,
    routing, tag,
    written::Statements,
};

/// The number of our extension, in the range that organisations use by themselves (50000 to 99999).
const EXTENSION: i32 = 56500;

/// The policies of one file.
pub(crate) struct Policies<'a> {
    extensions: &'a Extensions,
    loaded: &'a Loaded,
    file: &'a FileDescriptor,
    places: &'a Places<'a>,
    /// Nothing where the file does not import our options.
    statements: Option<Statements<'a>>,
    /// Of the rules of routing; nothing where the file imports neither annotations nor our options.
    routing: Option<Statements<'a>>,
    pub(crate) reader: Reader,
}

impl<'a> Policies<'a> {
    pub(crate) fn new(
        extensions: &'a Extensions,
        loaded: &'a Loaded,
        file: &'a FileDescriptor,
        places: &'a Places<'a>,
    ) -> Self {
        let statements_of = |extension| {
            let source = loaded.texts.get(file.name());
            Statements::new(file.file_descriptor_proto(), source, extension)
        };
        let is_annotated = || {
            let mut imports = file.dependencies();
            imports.any(|import| import.name().starts_with("google/api/"))
        };
        let is_ours = is_ours(file);
        Self {
            extensions,
            loaded,
            file,
            places,
            statements: is_ours.then(|| statements_of(EXTENSION)),
            routing: (is_ours || is_annotated()).then(|| statements_of(routing::EXTENSION)),
            reader: Reader::default(),
        }
    }

    /// What a service declares for its methods.
    pub(crate) fn service(&mut self, service: &ServiceDescriptor) -> Policy {
        let Some(statements) = &self.statements else {
            return Policy::default();
        };
        let Some(set) = value(&service.options(), self.extensions.service.as_ref()) else {
            return Policy::default();
        };
        let path = [service.path(), &[tag::service::OPTIONS]].concat();
        let written = statements.at(&path, self.places);
        let policy = self.reader.policy(&set, written.root());
        self.reader.found.extend(validate::service(&policy));
        self.user_key(&policy, None);
        policy
    }

    /// Whether a method can be repeated, and what a call of it needs.
    pub(crate) fn method(
        &mut self,
        method: &MethodDescriptor,
        shape: Shape,
        service: &Policy,
    ) -> (Idempotency, Policy) {
        let proto = method.method_descriptor_proto().options.as_ref();
        let is_declared = proto.is_some_and(|options| options.idempotency_level.is_some());
        let mut idempotency = match proto.map(|options| options.idempotency_level()) {
            None | Some(IdempotencyLevel::IdempotencyUnknown) => Idempotency::Unsafe,
            Some(IdempotencyLevel::Idempotent) => Idempotency::Idempotent,
            Some(IdempotencyLevel::NoSideEffects) => Idempotency::Safe,
        };
        if proto.is_none() || self.routing.is_none() {
            let mut policy = Policy::default().or(service, shape, idempotency);
            self.inherited(&mut policy, method, shape);
            return (idempotency, policy);
        }
        let options = method.options();
        if !is_declared && let Some(rule) = value(&options, self.extensions.http.as_ref()) {
            idempotency = http::idempotency(&rule).unwrap_or_default();
        }
        let mut own = Policy::default();
        if let Some(statements) = &self.statements
            && let Some(set) = value(&options, self.extensions.method.as_ref())
        {
            let path = [method.path(), &[tag::method::OPTIONS]].concat();
            let written = statements.at(&path, self.places);
            own = self.reader.policy(&set, written.root());
            let wrong = validate::method(method.name(), shape, idempotency, &own);
            self.reader.found.extend(wrong);
            self.hash_key(&mut own, method, shape);
            self.user_key(&own, Some(method));
            let found = &mut self.reader.found;
            errors::resolve(&mut own.errors, method, self.extensions, found);
        }
        let mut policy = own.or(service, shape, idempotency);
        self.reader.found.extend(validate::in_force(&policy));
        if policy.hash_key.is_none()
            && !shape.client_streams()
            && self.extensions.marked(&method.input()).is_none()
            && let Some(rule) = value(&options, self.extensions.routing.as_ref())
            && let Some(statements) = &self.routing
        {
            let path = [method.path(), &[tag::method::OPTIONS]].concat();
            let written = statements.at(&path, self.places);
            let found = &mut self.reader.found;
            let key = routing::key(&rule, &method.input(), &written.root(), found);
            policy.hash_key = key.map(|value| Spanned {
                value,
                span: self.places.span(method.path()),
            });
        }
        self.inherited(&mut policy, method, shape);
        (idempotency, policy)
    }

    /// What comes from elsewhere: the key from the mark of a field, the user from the service.
    fn inherited(&mut self, policy: &mut Policy, method: &MethodDescriptor, shape: Shape) {
        if policy.hash_key.is_none()
            && !shape.client_streams()
            && let Some(field) = self.extensions.marked(&method.input())
        {
            let path = FieldPath::new(field.name());
            // That it is none is said where it is marked.
            policy.hash_key = keys::resolve(&method.input(), &path).ok().map(|key| {
                let (way, deprecated) = (key.way(), key.is_deprecated());
                Spanned {
                    value: HashKey::Field(KeyField {
                        path,
                        way,
                        deprecated,
                    }),
                    span: self.places.span(method.path()),
                }
            });
        }
        match &policy.user_key {
            Some(key) if shape.client_streams() && matches!(key.value, UserKey::Field(_)) => {
                policy.user_key = None;
            }
            Some(_) => self.user_key(&policy.clone(), Some(method)),
            None => {}
        }
    }

    fn hash_key(&mut self, own: &mut Policy, method: &MethodDescriptor, shape: Shape) {
        if let Some(wrong) = validate::hash_key(method.name(), shape, own) {
            self.reader.found.push(wrong);
            return;
        }
        // An option of ours is never a rule.
        let Some(Spanned {
            value: HashKey::Field(field),
            span,
        }) = &mut own.hash_key
        else {
            return;
        };
        match keys::resolve(&method.input(), &field.path) {
            Ok(key) => {
                (field.way, field.deprecated) = (key.way(), key.is_deprecated());
                if let Some(unset) = key.may_be_unset {
                    let message = format!("`{unset}` may be unset: such calls have no `hash_key`");
                    let wrong = Diagnostic::warning("M0111", message, span.clone());
                    let help = "they are placed as if there was none";
                    self.reader.found.push(wrong.help(help));
                }
            }
            Err(no_key) => {
                let wrong = self.no_key("M0110", "`hash_key` names no key of the request", *no_key);
                self.reader.found.push(Diagnostic {
                    span: span.clone(),
                    ..wrong
                });
            }
        }
    }

    /// Whom a call is for: of a service without its methods only a key of the metadata can be checked.
    fn user_key(&mut self, policy: &Policy, method: Option<&MethodDescriptor>) {
        let Some(Spanned { value: key, span }) = &policy.user_key else {
            return;
        };
        let name = method.map(MethodDescriptor::name).unwrap_or_default();
        let shape = method.map(crate::lower::shape);
        if let Some(wrong) = validate::user_key(name, shape, policy) {
            self.reader.found.push(wrong);
            return;
        }
        let wrong = match (key, method) {
            (UserKey::Field(path), Some(method)) => match keys::resolve(&method.input(), path) {
                Ok(_) => return,
                Err(no_key) => {
                    let what = format!("`user_key` names no user of `{}`", method.name());
                    let wrong = self.no_key("M0131", &what, *no_key);
                    let span = span.clone();
                    Diagnostic { span, ..wrong }
                }
            },
            _ => return,
        };
        self.reader.found.push(wrong);
    }

    fn no_key(&self, code: &'static str, what: &str, no_key: NoKey) -> Diagnostic {
        let (message, declared) = (format!("{what}: {}", no_key.why), no_key.message);
        let span = self.declaration(&declared);
        let label = format!("`{}` is declared", declared.name());
        let wrong = Diagnostic::error(code, message, Span::None).also(span, label);
        match no_key.help {
            Some(help) => wrong.help(help),
            None => wrong,
        }
    }

    /// Where a message is declared, in this file or in another.
    fn declaration(&self, message: &MessageDescriptor) -> Span {
        let path = [message.path(), &[tag::NAME]].concat();
        let file = message.parent_file();
        if file == *self.file {
            return self.places.span(&path);
        }
        let source = self.loaded.texts.get(file.name());
        Places::new(file.file_descriptor_proto(), source).span(&path)
    }

    /// What the messages of the file declare: keys, and codes of errors.
    pub(crate) fn messages(&mut self) {
        if self.statements.is_some() {
            for message in self.file.messages() {
                self.message(&message);
            }
        }
    }

    fn message(&mut self, message: &MessageDescriptor) {
        let Some(statements) = &self.statements else {
            return;
        };
        if let Some(set) = value(&message.options(), self.extensions.message.as_ref()) {
            let path = [message.path(), &[tag::message::OPTIONS]].concat();
            let written = statements.at(&path, self.places);
            let code = self.reader.code(&set, written.root());
            let found = &mut self.reader.found;
            found.extend(code.and_then(|code| errors::wrong_code(&code)));
        }
        let mut first: Option<Span> = None;
        for field in message.fields() {
            let Some(set) = value(&field.options(), self.extensions.field.as_ref()) else {
                continue;
            };
            let path = [field.path(), &[tag::field::OPTIONS]].concat();
            let written = statements.at(&path, self.places);
            let Some(span) = self.reader.hash_key(&set, written.root()) else {
                continue;
            };
            if let Some(first) = &first {
                let message = format!("`{}` has two fields marked `hash_key`", message.name());
                let second = Diagnostic::error("M0110", message, span);
                let second = second.also(first.clone(), "first marked");
                self.reader.found.push(second);
                continue;
            }
            first = Some(span.clone());
            let path = FieldPath(vec![field.name().to_owned()]);
            if let Err(no_key) = keys::resolve(message, &path) {
                let what = format!("`hash_key` marks no key: {}", no_key.why);
                let wrong = Diagnostic::error("M0110", what, span).help(keys::KEYS);
                self.reader.found.push(wrong);
            }
        }
        for nested in message.child_messages() {
            self.message(&nested);
        }
    }
}
