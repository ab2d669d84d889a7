//! Errors without a name, and the runtime by a path that is none.
use sinew::{DomainError, Status, Typed};

#[derive(Clone, PartialEq, prost::Message)]
pub struct ByHand {}

#[derive(Debug, DomainError)]
pub enum PlaceError {
    ByHand(Typed<ByHand>),
    Status(Status),
}

#[derive(Debug, DomainError)]
#[error(crate = sinew)]
pub enum Relative {
    Status(Status),
}

#[derive(Debug, DomainError)]
#[error(code = "ABORTED")]
pub enum OfVariants {
    Status(Status),
}

fn carried() -> Status {
    Status::not_found("no such line").with_detail(ByHand {})
}

fn main() {}
