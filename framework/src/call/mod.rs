//! A call: its method, time, metadata, messages and status, as every other folder speaks of them.
//! It refuses to depend on anything else inside this crate.

pub(crate) mod ambient;
pub(crate) mod body;
pub(crate) mod by_name;
#[cfg(feature = "tls")]
pub(crate) mod certificate;
pub(crate) mod code;
pub(crate) mod compression;
pub(crate) mod context;
pub(crate) mod deadline;
pub mod details;
pub(crate) mod domain;
pub(crate) mod frame;
pub(crate) mod intake;
pub(crate) mod key;
pub(crate) mod metadata;
pub(crate) mod method;
pub(crate) mod one;
pub(crate) mod outcome;
pub(crate) mod peer;
pub(crate) mod pipe;
pub mod policy;
pub(crate) mod raw;
pub(crate) mod reply_body;
pub(crate) mod report;
mod room;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod trace;
pub(crate) mod unexecuted;
pub(crate) mod wire;

pub use body::Body;
#[cfg(feature = "tls")]
pub use certificate::Certificate;
pub use code::Code;
pub use compression::Compression;
pub use context::{Background, Context, MetadataMut};
pub(crate) use deadline::Deadline;
pub use domain::{DomainError, Typed};
pub use frame::DEFAULT_MAX_MESSAGE_BYTES;
pub use metadata::{InvalidMetadata, InvalidMetadataReason, Metadata, MetadataIter, MetadataValue};
pub use method::{Idempotency, Method, MethodHandle, MethodSpec, Shape};
pub use peer::Peer;
pub(crate) use raw::{Payload, RouteId};
pub use raw::{RawCall, RawReply, code_of};
pub use reply_body::ReplyBody;
pub(crate) use report::LoadReport;
pub use service::ServiceSpec;
pub use status::Status;
pub use stream::{Inbound, Outbound};
pub use trace::Trace;

/// The result of a call: what it gave, or its [`Status`].
pub type Result<T, E = Status> = std::result::Result<T, E>;
