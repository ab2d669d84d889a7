//! All that is wrong with one enum, at once; and nothing else, though it is used.
use sinew::{DomainError, Status, Typed};

#[derive(Clone, PartialEq, prost::Message)]
pub struct SoldOut {}

impl prost::Name for SoldOut {
    const PACKAGE: &'static str = "shop.v1";
    const NAME: &'static str = "SoldOut";
}

#[derive(Debug, DomainError)]
pub enum PlaceError {
    SoldOut(Typed<SoldOut>),
    Again(Typed<SoldOut>),
    Nothing,
    Named { error: Status },
    Two(Status, Status),
    Bare(SoldOut),
    Empty(Vec<SoldOut>),
    Status(Status),
    Other(sinew::Status),
    #[error(code = "ABORTED")]
    Third(Status),
}

fn place() -> Result<(), PlaceError> {
    Err(Status::aborted("no"))?;
    Err(SoldOut {})?;
    Err(PlaceError::from(SoldOut {}).with_message("no"))
}

fn main() -> Result<(), Status> {
    println!("{:?}", place().map_err(|error| error.code()));
    Ok(place()?)
}
