//! What is no enum of errors.
use sinew::{DomainError, Status, Typed};

#[derive(Debug, DomainError)]
pub struct Struct(Status);

#[derive(DomainError)]
pub union Union {
    a: u8,
}

#[derive(Debug, DomainError)]
pub enum Nothing {}

#[derive(Debug, DomainError)]
pub enum Generic<T> {
    Error(Typed<T>),
    Status(Status),
}

fn main() {
    let _: fn(Nothing) -> Status = Status::from;
}
