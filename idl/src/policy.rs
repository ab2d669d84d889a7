//! What a method needs, as the IDL declares it: each value with the place that it is declared at.
//! It refuses to judge: `validate` does.

use std::{fmt, time::Duration};

use crate::{
    diag::Span,
    model::{Idempotency, Shape},
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
    /// The field that calls are routed by.
    pub hash_key: Option<Spanned<FieldPath>>,
    /// How much a call matters when not all can be served.
    pub criticality: Option<Spanned<Criticality>>,
    /// Whom a call is made for.
    pub user_key: Option<Spanned<UserKey>>,
    /// What a method fails with, besides a plain status.
    pub errors: Vec<Spanned<ErrorType>>,
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
    /// The full name of the message.
    pub message: String,
    /// The name of the code that its status has.
    pub code: Spanned<String>,
}

impl Policy {
    /// What the service says where the method says nothing, as far as it can hold for a method of this kind: a timeout
    /// for unary calls, an idle timeout where replies stream, retries and hedges where repeating does no harm.
    #[must_use]
    pub fn or(mut self, service: &Self, shape: Shape, idempotency: Idempotency) -> Self {
        if shape == Shape::Unary {
            self.timeout = self.timeout.or_else(|| service.timeout.clone());
        }
        if shape.server_streams() {
            self.idle_timeout = self.idle_timeout.or_else(|| service.idle_timeout.clone());
        }
        let is_repeatable = !shape.client_streams() && idempotency != Idempotency::Unsafe;
        if is_repeatable && self.retry.is_none() && self.hedge.is_none() {
            self.retry.clone_from(&service.retry);
            self.hedge.clone_from(&service.hedge);
        }
        self.max_request_bytes = self
            .max_request_bytes
            .or_else(|| service.max_request_bytes.clone());
        self.criticality = self.criticality.or_else(|| service.criticality.clone());
        self.user_key = self.user_key.or_else(|| service.user_key.clone());
        self
    }
}
