//! What may be derived, and no warning of it; none of the names around it matter.
#![deny(warnings)]

pub mod shop {
    macro_rules! messages {
        ($($name:ident)*) => {
            $(
                #[derive(Clone, PartialEq, prost::Message)]
                pub struct $name {
                    #[prost(string, tag = "1")]
                    pub item: String,
                }

                impl prost::Name for $name {
                    const PACKAGE: &'static str = "shop.v1";
                    const NAME: &'static str = stringify!($name);
                }
            )*
        };
    }
    messages!(SoldOut Closed Option String_);
}

use shop::SoldOut;
use sinew::{Code, DomainError, Status, Typed};

/// What a macro must not trip over.
#[allow(dead_code)]
mod names {
    pub struct Result;
    pub struct String;
    pub trait From {}
    pub trait Into {}
}
#[allow(unused_imports)]
use names::*;

#[derive(Debug, Clone, DomainError)]
pub enum PlaceError {
    SoldOut(Typed<SoldOut>),
    #[error(code = "UNAVAILABLE")]
    #[error(message = "we are closed")]
    Closed(sinew::Typed<crate::shop::Closed>),
    #[error(message = "nothing", code = "DATA_LOSS")]
    Option(::sinew::Typed<shop::Option>),
    Anything(::sinew::Status),
}

mod my {
    pub use ::sinew as runtime;
}

/// The runtime by another path, and codes as Rust spells them.
#[derive(Debug, Clone, DomainError)]
#[error(crate = crate::my::runtime)]
pub enum Renamed {
    #[error(code = DataLoss)]
    SoldOut(Typed<SoldOut>),
    #[error(code = DATA_LOSS)]
    Closed(Typed<shop::Closed>),
    #[error(code = "DataLoss")]
    Option(Typed<shop::Option>),
    Status(Status),
}

/// Nothing but statuses, seen by nobody.
#[derive(Debug, DomainError)]
enum Plain {
    Status(Status),
}

fn main() {
    let all: [Renamed; 3] = [
        SoldOut::default().into(),
        shop::Closed::default().into(),
        shop::Option::default().into(),
    ];
    assert!(all.iter().all(|one| one.code() == Code::DataLoss));
    let item = || "pen".to_owned();
    let table = [
        (PlaceError::from(SoldOut { item: item() }), "FAILED_PRECONDITION: shop.v1.SoldOut"),
        (shop::Closed { item: item() }.into(), "UNAVAILABLE: we are closed"),
        (shop::Option { item: item() }.into(), "DATA_LOSS: nothing"),
        (Status::not_found("no").into(), "NOT_FOUND: no"),
    ];
    for (error, shown) in table {
        assert_eq!(error.to_string(), shown);
        let again = PlaceError::from(Status::from(error.clone()));
        assert_eq!(format!("{again:?}"), format!("{error:?}"));
        assert_eq!(again.code(), again.status().code());
    }
    let error = PlaceError::from(SoldOut { item: item() }).with_message("gone");
    assert_eq!((error.code(), error.message()), (Code::FailedPrecondition, "gone"));
    assert!(matches!(error, PlaceError::SoldOut(error) if error.item == "pen"));
    let Plain::Status(status) = Plain::from(Status::aborted("x"));
    assert_eq!(status.code(), Code::Aborted);
}
