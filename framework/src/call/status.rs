//! The one public error: what a call that failed says to its caller, and what only this process knows.
//! It does not say what a failure means for retries or health: that is the outcome's.

mod display;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use prost_types::Any;

use super::code::Code;
use super::details::Detail;
use super::metadata::{InvalidMetadata, Metadata};
use super::unexecuted::Unexecuted;

/// Why a call failed. One word wide.
///
/// The **wire part** — [`code`](Self::code), [`message`](Self::message), [`details`](Self::details)
/// and the [final mark](Self::is_final) — travels to the caller. The **local part** — method,
/// endpoint, attempts, elapsed time, [source](Error::source), the peer's
/// [`metadata`](Self::metadata) and [`trailers`](Self::trailers) — is for logs and code in this
/// process and is never written to the wire.
///
/// A handler may return the status of a call of its own by `?`: code, message and details go on
/// to its caller, the local part stays here, and the status goes out marked final.
///
/// ```
/// use sinew::details::BadRequest;
/// use sinew::{Code, Status};
///
/// let status = Status::invalid_argument("the order is not valid")
///     .with_detail(BadRequest::violation("lines[0].count", "must be above zero"));
/// assert_eq!(status.code(), Code::InvalidArgument);
/// assert_eq!(status.to_string(), "INVALID_ARGUMENT: the order is not valid");
/// ```
#[derive(Clone)]
pub struct Status(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    is_final: bool,
    is_of_message: bool,
    unexecuted: Option<Unexecuted>,
    attempts: u32,
    message: String,
    details: Vec<Any>,
    method: Option<Cow<'static, str>>,
    endpoint: Option<Arc<str>>,
    elapsed: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    metadata: Metadata,
    trailers: Metadata,
}

impl Status {
    /// A status with this code and message. A failure is never OK: [`Code::Ok`] is taken as
    /// [`Code::Unknown`].
    ///
    /// The message is for people and is sent to the caller; about its first 8 KiB are.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code: if code == Code::Ok {
                Code::Unknown
            } else {
                code
            },
            is_final: false,
            is_of_message: false,
            unexecuted: None,
            attempts: 0,
            message: message.into(),
            details: Vec::new(),
            method: None,
            endpoint: None,
            elapsed: None,
            source: None,
            metadata: Metadata::default(),
            trailers: Metadata::default(),
        }))
    }

    /// INTERNAL because of `source`, which stays in this process: the caller reads only
    /// "internal error". Made for `.map_err(Status::internal)`.
    ///
    /// To send a message, use [`Status::new`] with [`Code::Internal`].
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut status = Self::new(Code::Internal, "internal error");
        status.0.source = Some(Arc::from(source.into()));
        status
    }

    /// INTERNAL with a message that may be read by anybody: what gRPC says of a call that breaks its protocol.
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// What kind of failure it is. Never [`Code::Ok`].
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the failure says to people, without the code.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The typed details as they came or were added, unknown ones too.
    pub fn details(&self) -> &[Any] {
        &self.0.details
    }

    /// The first detail of type `D` that decodes.
    ///
    /// ```
    /// # use sinew::{Status, details::RetryInfo};
    /// # use std::time::Duration;
    /// let busy = Status::unavailable("try later").with_detail(RetryInfo::after(Duration::from_secs(2)));
    /// let delay = busy.detail::<RetryInfo>().and_then(|retry| retry.delay());
    /// assert_eq!(delay, Some(Duration::from_secs(2)));
    /// ```
    pub fn detail<D: Detail>(&self) -> Option<D> {
        self.0.details.iter().find_map(super::details::unpack)
    }

    /// The headers of the reply, when the failed call had got as far. Local.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The trailers of the reply, when the peer sent the failure. Local.
    pub fn trailers(&self) -> &Metadata {
        &self.0.trailers
    }

    /// `package.Service/Method` of the call of this process that failed, when there was one. Local.
    pub fn method(&self) -> Option<&str> {
        self.0
            .method
            .as_deref()
            .map(|path| path.strip_prefix('/').unwrap_or(path))
    }

    /// The endpoint that was tried last. Local.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// How often the call was tried; zero when it was not or this is not known. Local.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took. Local.
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// Whether the side that sent the status, or passed it on, asks not to try again: whatever
    /// could be tried further down has been.
    pub fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// Adds a typed detail after those that are there.
    ///
    /// Details travel in the trailers, in base64: those of a status that would make them larger than 64 KiB are all
    /// left out, and the caller gets code and message.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Detail) -> Self {
        self.0.details.push(super::details::pack(&detail));
        self
    }

    /// Replaces what the failure says to people.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Replaces all details.
    #[must_use]
    pub fn with_details(mut self, details: Vec<Any>) -> Self {
        self.0.details = details;
        self
    }

    /// Says what caused the failure. It stays in this process.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Marks the status final: see [`Status::is_final`].
    #[must_use]
    pub fn into_final(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    /// Says which call of this process failed: the path, `/package.Service/Method`. From here on
    /// the status counts as that of a call to another service, see [`Status::for_caller`].
    #[must_use]
    pub(crate) fn with_method(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.0.method = Some(path.into());
        self
    }

    /// How it is known that no handler has seen the call, if it is. Local.
    pub(crate) fn unexecuted(&self) -> Option<Unexecuted> {
        self.0.unexecuted
    }

    #[must_use]
    pub(crate) fn with_unexecuted(mut self, how: Option<Unexecuted>) -> Self {
        self.0.unexecuted = how;
        self
    }

    /// Is it this process that does not take a message that came, so that it says nothing of the peer? Local.
    pub(crate) fn is_of_message(&self) -> bool {
        self.0.is_of_message
    }

    #[must_use]
    pub(crate) fn of_message(mut self) -> Self {
        self.0.is_of_message = true;
        self
    }

    /// Its attempt knows it: from here on it may come to be that of another one.
    #[must_use]
    pub(crate) fn settled(mut self) -> Self {
        self.0.is_of_message = false;
        self
    }

    #[must_use]
    pub(crate) fn with_endpoint(mut self, endpoint: impl Into<Arc<str>>) -> Self {
        self.0.endpoint = Some(endpoint.into());
        self
    }

    #[must_use]
    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    #[must_use]
    pub(crate) fn with_elapsed(mut self, elapsed: Duration) -> Self {
        self.0.elapsed = Some(elapsed);
        self
    }

    #[must_use]
    pub(crate) fn with_metadata(mut self, headers: Metadata) -> Self {
        self.0.metadata = headers;
        self
    }

    #[must_use]
    pub(crate) fn with_trailers(mut self, trailers: Metadata) -> Self {
        self.0.trailers = trailers;
        self
    }

    /// What a handler's error becomes on its way to the caller: the status of a call to another
    /// service loses what only this process may know and is marked final; one that the handler
    /// made itself stays as it is.
    #[must_use]
    pub(crate) fn for_caller(mut self) -> Self {
        if self.0.method.take().is_none() {
            return self;
        }
        self.0.endpoint = None;
        self.0.is_of_message = false;
        self.0.unexecuted = None;
        self.0.attempts = 0;
        self.0.elapsed = None;
        self.0.metadata = Metadata::default();
        self.0.trailers = Metadata::default();
        self.into_final()
    }
}

/// One constructor a code; INTERNAL is [`Status::internal`].
macro_rules! constructors {
    ($($name:ident => $code:ident,)*) => {
        impl Status {
            $(
                #[doc = concat!("A status with [`Code::", stringify!($code), "`].")]
                pub fn $name(message: impl Into<String>) -> Self {
                    Self::new(Code::$code, message)
                }
            )*
        }
    };
}

constructors! {
    cancelled => Cancelled,
    unknown => Unknown,
    invalid_argument => InvalidArgument,
    deadline_exceeded => DeadlineExceeded,
    not_found => NotFound,
    already_exists => AlreadyExists,
    permission_denied => PermissionDenied,
    resource_exhausted => ResourceExhausted,
    failed_precondition => FailedPrecondition,
    aborted => Aborted,
    out_of_range => OutOfRange,
    unimplemented => Unimplemented,
    unavailable => Unavailable,
    data_loss => DataLoss,
    unauthenticated => Unauthenticated,
}

impl Error for Status {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

impl From<Infallible> for Status {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// INTERNAL, with a message that names the key: metadata that cannot be sent is a defect of the
/// side that made it.
impl From<InvalidMetadata> for Status {
    fn from(invalid: InvalidMetadata) -> Self {
        Self::new(Code::Internal, invalid.to_string()).with_source(invalid)
    }
}
