//! The standard details of an error, `google.rpc.*`, as messages that a [`Status`](crate::Status) carries.
//! A detail explains a failure to code; it never changes what the failure's code means.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use prost_types::Any;

/// A message that can be a detail of a [`Status`](crate::Status).
///
/// Every message with a full name is: all that are generated, and one of your own that implements [`prost::Name`].
/// [`with_detail`](crate::Status::with_detail) carries it, and [`detail`](crate::Status::detail) finds it by its name:
/// what stands before the last slash of a type URL does not count.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a detail of a status",
    label = "no message with a full name",
    note = "have it generated from a `.proto` file, or derive `prost::Message` and implement `prost::Name` for it"
)]
pub trait Detail: prost::Message + prost::Name + Default {}

#[diagnostic::do_not_recommend]
impl<T: prost::Message + prost::Name + Default> Detail for T {}

/// A detail as it travels.
pub(super) fn pack<D: Detail>(detail: &D) -> Any {
    Any {
        type_url: type_url(&D::full_name()),
        value: detail.encode_to_vec(),
    }
}

/// The detail in `any`, if it is of type `D` and decodes.
pub(super) fn unpack<D: Detail>(any: &Any) -> Option<D> {
    if full_name(&any.type_url) != D::full_name() {
        return None;
    }
    D::decode(any.value.as_slice()).ok()
}

/// As protobuf's own libraries write it.
pub(super) fn type_url(full_name: &str) -> String {
    format!("type.googleapis.com/{full_name}")
}

/// What stands behind the last slash.
pub(super) fn full_name(type_url: &str) -> &str {
    type_url.rsplit_once('/').map_or(type_url, |(_, name)| name)
}

macro_rules! details {
    ($($message:ident),* $(,)?) => {
        $(
            impl prost::Name for $message {
                const PACKAGE: &'static str = "google.rpc";
                const NAME: &'static str = stringify!($message);

                fn type_url() -> String {
                    type_url(&Self::full_name())
                }
            }
        )*
    };
}

details! {
    ErrorInfo, RetryInfo, DebugInfo, QuotaFailure, PreconditionFailure, BadRequest, RequestInfo,
    ResourceInfo, Help, LocalizedMessage,
}

/// The cause of an error, for code to act on.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ErrorInfo {
    /// The cause in UPPER_SNAKE_CASE, at most 63 characters, unique within the domain.
    #[prost(string, tag = "1")]
    pub reason: String,
    /// Where the reason is defined: usually the name of the service, `cart.example.com`.
    #[prost(string, tag = "2")]
    pub domain: String,
    /// More facts, under keys in lowerCamelCase.
    #[prost(btree_map = "string, string", tag = "3")]
    pub metadata: BTreeMap<String, String>,
}

impl ErrorInfo {
    /// `reason` as it is defined in `domain`.
    pub fn new(reason: impl Into<String>, domain: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            domain: domain.into(),
            metadata: BTreeMap::new(),
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// When the caller may try again.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RetryInfo {
    /// The least time to wait.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<prost_types::Duration>,
}

impl RetryInfo {
    /// Not before `delay` has passed.
    pub fn after(delay: Duration) -> Self {
        // Only more than 2⁶³ seconds do not fit; that is "never", and so is this.
        let delay = prost_types::Duration::try_from(delay).unwrap_or(prost_types::Duration {
            seconds: i64::MAX,
            nanos: 0,
        });
        Self {
            retry_delay: Some(delay),
        }
    }

    /// The least time to wait; `None` when it is not given, negative or not well formed.
    pub fn delay(&self) -> Option<Duration> {
        // By hand: the conversion of prost-types panics on the least number of seconds.
        let delay = self.retry_delay?;
        let seconds = u64::try_from(delay.seconds).ok()?;
        let nanos = u32::try_from(delay.nanos)
            .ok()
            .filter(|nanos| *nanos < 1_000_000_000)?;
        Some(Duration::new(seconds, nanos))
    }
}

/// What helps to debug; not for callers outside.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DebugInfo {
    /// The stack, a line an entry.
    #[prost(string, repeated, tag = "1")]
    pub stack_entries: Vec<String>,
    /// Anything else.
    #[prost(string, tag = "2")]
    pub detail: String,
}

/// Which quotas are used up.
#[derive(Clone, PartialEq, prost::Message)]
pub struct QuotaFailure {
    /// All that were found.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<QuotaViolation>,
}

/// A quota that is used up.
#[derive(Clone, PartialEq, prost::Message)]
pub struct QuotaViolation {
    /// Whose quota: `clientip:10.0.0.7`, `project:pens`.
    #[prost(string, tag = "1")]
    pub subject: String,
    /// How it is used up, for people.
    #[prost(string, tag = "2")]
    pub description: String,
    /// The service that sets the quota.
    #[prost(string, tag = "3")]
    pub api_service: String,
    /// What is measured against the quota.
    #[prost(string, tag = "4")]
    pub quota_metric: String,
    /// The name of the limit.
    #[prost(string, tag = "5")]
    pub quota_id: String,
    /// What the limit is applied for each of.
    #[prost(btree_map = "string, string", tag = "6")]
    pub quota_dimensions: BTreeMap<String, String>,
    /// The limit now.
    #[prost(int64, tag = "7")]
    pub quota_value: i64,
    /// The limit that is being rolled out, if one is.
    #[prost(int64, optional, tag = "8")]
    pub future_quota_value: Option<i64>,
}

impl QuotaFailure {
    /// One quota.
    pub fn violation(subject: impl Into<String>, description: impl Into<String>) -> Self {
        Self::default().and(subject, description)
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, subject: impl Into<String>, description: impl Into<String>) -> Self {
        self.violations.push(QuotaViolation {
            subject: subject.into(),
            description: description.into(),
            ..QuotaViolation::default()
        });
        self
    }
}

/// What does not hold and would have to.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PreconditionFailure {
    /// All that were found.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<PreconditionViolation>,
}

/// Something that does not hold.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PreconditionViolation {
    /// The kind of the condition, of the service's own choice: `TOS`.
    #[prost(string, tag = "1")]
    pub r#type: String,
    /// What it is about: `example.com/account`.
    #[prost(string, tag = "2")]
    pub subject: String,
    /// What to do about it, for people.
    #[prost(string, tag = "3")]
    pub description: String,
}

impl PreconditionFailure {
    /// One condition.
    pub fn violation(
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self::default().and(kind, subject, description)
    }

    /// One more.
    #[must_use]
    pub fn and(
        mut self,
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.violations.push(PreconditionViolation {
            r#type: kind.into(),
            subject: subject.into(),
            description: description.into(),
        });
        self
    }
}

/// What is wrong with a request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BadRequest {
    /// All that was found.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// What is wrong with a field of a request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FieldViolation {
    /// The path to the field: `lines[0].count`.
    #[prost(string, tag = "1")]
    pub field: String,
    /// Why it is wrong, for people.
    #[prost(string, tag = "2")]
    pub description: String,
    /// Why it is wrong, for code: UPPER_SNAKE_CASE.
    #[prost(string, tag = "3")]
    pub reason: String,
    /// Why it is wrong, in the language of the user.
    #[prost(message, optional, tag = "4")]
    pub localized_message: Option<LocalizedMessage>,
}

impl BadRequest {
    /// One field.
    pub fn violation(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::default().and(field, description)
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.field_violations.push(FieldViolation {
            field: field.into(),
            description: description.into(),
            ..FieldViolation::default()
        });
        self
    }
}

/// What identifies the request in the logs of the service.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RequestInfo {
    /// A name that only the service has to understand.
    #[prost(string, tag = "1")]
    pub request_id: String,
    /// What else helps to find it, such as an encrypted stack.
    #[prost(string, tag = "2")]
    pub serving_data: String,
}

/// The resource that a failure is about.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResourceInfo {
    /// Its kind: the name of a type, or of a message.
    #[prost(string, tag = "1")]
    pub resource_type: String,
    /// Its name.
    #[prost(string, tag = "2")]
    pub resource_name: String,
    /// Whose it is.
    #[prost(string, tag = "3")]
    pub owner: String,
    /// What went wrong with it.
    #[prost(string, tag = "4")]
    pub description: String,
}

impl ResourceInfo {
    /// The resource `name` of a kind.
    pub fn new(resource_type: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            resource_type: resource_type.into(),
            resource_name: name.into(),
            ..Self::default()
        }
    }
}

/// Where to read on.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Help {
    /// The places.
    #[prost(message, repeated, tag = "1")]
    pub links: Vec<HelpLink>,
}

/// A place to read on.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HelpLink {
    /// What is found there.
    #[prost(string, tag = "1")]
    pub description: String,
    /// Where it is.
    #[prost(string, tag = "2")]
    pub url: String,
}

impl Help {
    /// One place.
    pub fn link(description: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            links: vec![HelpLink {
                description: description.into(),
                url: url.into(),
            }],
        }
    }
}

/// A message that may be shown to a user as it is.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LocalizedMessage {
    /// The language, as BCP 47 spells it: `en-GB`.
    #[prost(string, tag = "1")]
    pub locale: String,
    /// The message.
    #[prost(string, tag = "2")]
    pub message: String,
}

impl LocalizedMessage {
    /// A message in a language.
    pub fn new(locale: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            locale: locale.into(),
            message: message.into(),
        }
    }
}
