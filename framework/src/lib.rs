//! Services that call one another: stubs, skeletons and the stack between them.

mod call;

pub use call::code::Code;
pub use call::deadline::Deadline;
pub use call::details;
pub use call::metadata::{
    InvalidMetadata, InvalidMetadataReason, Metadata, MetadataIter, MetadataValue,
};
pub use call::status::Status;
pub use call::trace::Trace;
