//! What a macro cannot see is what rustc says, at the message.
use sinew::{DomainError, Status, Typed};

#[derive(Clone, PartialEq, prost::Message)]
pub struct Nameless {}

#[derive(Debug, DomainError)]
pub enum PlaceError {
    Nameless(Typed<Nameless>),
    Status(Status),
}

fn main() {}
