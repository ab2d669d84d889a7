//! What a method needs, as the IDL declares it: each value with the place that it is declared at.
//! It refuses to judge: `validate` does.

use std::{fmt, time::Duration};

use crate::{
    diag::Span,
    model::{Idempotency, Shape, TypeRef},
    template::Template,
};

/// A value and where it stands. Shown, it is the value alone: a set of descriptors has the same values elsewhere.
#[derive(Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// The policy of a method, or of a service for its methods. What is not declared is `None`.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// How long a call may take.
    pub timeout: Option<Spanned<Duration>>,
    /// The longest silence in a stream of replies.
    pub idle_timeout: Option<Spanned<Duration>>,
    /// The largest request, or message of a stream of requests, in bytes.
    pub max_request_bytes: Option<Spanned<u32>>,
    /// Attempts one after the other.
    pub retry: Option<Spanned<Retry>>,
    /// Attempts side by side.
    pub hedge: Option<Spanned<Hedge>>,
    /// What calls are routed by.
    pub hash_key: Option<Spanned<HashKey>>,
    /// How much a call matters when not all can be served.
    pub criticality: Option<Spanned<Criticality>>,
    /// Whom a call is made for.
    pub user_key: Option<Spanned<UserKey>>,
    /// What a method fails with, besides a plain status.
    pub errors: Vec<Spanned<ErrorType>>,
    /// The largest reply, or message of a stream of replies, in bytes. Only a service config says it.
    pub max_reply_bytes: Option<Spanned<u32>>,
    /// Whether calls wait for a connection also while connecting fails. Only a service config says it.
    pub wait_for_ready: Option<Spanned<bool>>,
    /// Who declared each value.
    pub sources: Sources,
}

/// Who declared a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The method, or the service where the policy is that of a service.
    #[default]
    Own,
    /// The service of the method.
    Service,
    /// The service config that the IDL is compiled with.
    ServiceConfig,
}

/// Who declared each value of a policy, where it was not the declaration itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Of `timeout`.
    pub timeout: Source,
    /// Of `idle_timeout`.
    pub idle_timeout: Source,
    /// Of `max_request_bytes`.
    pub max_request_bytes: Source,
    /// Of `max_reply_bytes`.
    pub max_reply_bytes: Source,
    /// Of `wait_for_ready`.
    pub wait_for_ready: Source,
    /// Of `retry`.
    pub retry: Source,
    /// Of `hedge`.
    pub hedge: Source,
    /// Of `criticality`.
    pub criticality: Source,
    /// Of `user_key`.
    pub user_key: Source,
}

/// Attempts one after the other.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// In all, the first among them.
    pub max_attempts: Option<Spanned<u32>>,
    /// The ceiling of the first wait.
    pub initial_backoff: Option<Spanned<Duration>>,
    /// The ceiling of all waits.
    pub max_backoff: Option<Spanned<Duration>>,
    /// By how much the ceiling grows.
    pub multiplier: Option<Spanned<f64>>,
    /// After which codes, by their names.
    pub codes: Vec<Spanned<String>>,
}

/// Attempts side by side.
#[derive(Clone, Debug, Default)]
pub struct Hedge {
    /// In all, the first among them.
    pub max_attempts: Option<Spanned<u32>>,
    /// How long to wait before the next.
    pub delay: Option<Spanned<Delay>>,
    /// Which codes do not end the call, by their names.
    pub codes: Vec<Spanned<String>>,
}

/// How long a hedge waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delay {
    /// So long.
    After(Duration),
    /// As long as so many per cent of the calls take: `p95`.
    Quantile(u8),
}

/// The way to a field from a message: `user.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(pub Vec<String>);

impl FieldPath {
    /// The segments between dots, whatever they are.
    #[must_use]
    pub fn new(path: &str) -> Self {
        Self(path.split('.').map(str::to_owned).collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// What calls are routed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashKey {
    /// A field of the request, as it is.
    Field(KeyField),
    /// What a rule of `google.api.routing` takes from the request, where that is no whole field.
    Routing(Routing),
}

/// A field of the request that calls are routed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyField {
    /// The field, as the IDL has it.
    pub path: FieldPath,
    /// The fields of Rust's structs on the way to it; none where the request is itself the value, and none in a Rust
    /// trait, of whose messages a macro knows nothing: see [`crate::model::Own::hash_key`].
    pub way: Vec<Step>,
    /// Whether Rust warns of a field on the way.
    pub deprecated: bool,
}

impl KeyField {
    /// A field that nobody has looked up.
    #[must_use]
    pub fn at(path: FieldPath) -> Self {
        Self {
            path,
            way: Vec::new(),
            deprecated: false,
        }
    }
}

/// A rule of `google.api.routing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Its parameters: of those with one name, the last that matches says its value.
    pub parameters: Vec<RoutingParameter>,
    /// Whether Rust warns of a field on the way to one of them.
    pub deprecated: bool,
}

/// A part of a rule of `google.api.routing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingParameter {
    /// The field of the request.
    pub field: FieldPath,
    /// What of the field is taken, and its name; without it, the whole field by its own name.
    pub template: Option<Template>,
    /// The fields of Rust's structs on the way to it; none where the request is itself the value.
    pub way: Vec<Step>,
}

/// A field of a struct on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The Rust identifier.
    pub rust: String,
    /// Is it an `Option` with the next in it?
    pub optional: bool,
}

/// How much a call matters when not all can be served; the first matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criticality {
    /// The last to be refused.
    CriticalPlus,
    /// The default.
    Critical,
    /// Its caller can wait.
    SheddablePlus,
    /// Its caller can do without.
    Sheddable,
}

/// Whom a call is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserKey {
    /// A field of the request.
    Field(FieldPath),
    /// A key of the metadata.
    Metadata(String),
}

/// One of the errors that a method declares.
#[derive(Clone, Debug)]
pub struct ErrorType {
    /// The message.
    pub ty: TypeRef,
    /// The variant of the method's enum of errors; filled by [`crate::naming`].
    pub variant: String,
    /// The name of the code that its status has.
    pub code: Spanned<String>,
}

impl Policy {
    /// What the service says where the method says nothing, as far as it can hold for a method of this kind: a timeout
    /// for unary calls, an idle timeout where replies stream, retries and hedges where repeating does no harm.
    #[must_use]
    pub fn or(mut self, service: &Self, shape: Shape, idempotency: Idempotency) -> Self {
        let by = Source::Service;
        let sources = &mut self.sources;
        if shape == Shape::Unary {
            fill(
                &mut self.timeout,
                &mut sources.timeout,
                &service.timeout,
                by,
            );
        }
        if shape.server_streams() {
            let (own, source) = (&mut self.idle_timeout, &mut sources.idle_timeout);
            fill(own, source, &service.idle_timeout, by);
        }
        let is_repeatable = !shape.client_streams() && idempotency != Idempotency::Unsafe;
        if is_repeatable && self.retry.is_none() && self.hedge.is_none() {
            fill(&mut self.retry, &mut sources.retry, &service.retry, by);
            fill(&mut self.hedge, &mut sources.hedge, &service.hedge, by);
        }
        let (own, source) = (&mut self.max_request_bytes, &mut sources.max_request_bytes);
        fill(own, source, &service.max_request_bytes, by);
        let (own, source) = (&mut self.criticality, &mut sources.criticality);
        fill(own, source, &service.criticality, by);
        fill(
            &mut self.user_key,
            &mut sources.user_key,
            &service.user_key,
            by,
        );
        self
    }
}

/// Takes what another declares where nothing is declared.
fn fill<T: Clone>(own: &mut Option<T>, source: &mut Source, other: &Option<T>, by: Source) {
    if own.is_none() && other.is_some() {
        own.clone_from(other);
        *source = by;
    }
}
