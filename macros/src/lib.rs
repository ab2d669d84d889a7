//! Sinew's procedural macros, as `sinew` re-exports them.
//! It holds entry points and refuses to do anything in them.

mod ctxt;
mod domain_error;
mod paths;
mod service;

use proc_macro::TokenStream;

/// Makes an enum what a method can fail with: the trait of the same name, and all that goes with it.
///
/// A variant for each error holds a `sinew::Typed` of its message, which is generated or implements `prost::Name`; one
/// holds the `sinew::Status` of every other failure. `#[error(code = "…", message = "…")]` at a variant says which code
/// new ones have (`FAILED_PRECONDITION` by default; spelt as in the IDL, or as `sinew::Code` does) and what they say
/// (the name of the message). `#[error(crate = ::my::sinew)]` at the enum is for who has the runtime by another path.
///
/// ```
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct SoldOut {
///     #[prost(uint32, tag = "1")]
///     left: u32,
/// }
///
/// impl prost::Name for SoldOut {
///     const PACKAGE: &'static str = "shop.v1";
///     const NAME: &'static str = "SoldOut";
/// }
///
/// #[derive(Debug, sinew::DomainError)]
/// enum PlaceError {
///     #[error(code = "UNAVAILABLE", message = "nothing is left")]
///     SoldOut(sinew::Typed<SoldOut>),
///     Status(sinew::Status),
/// }
///
/// let status = sinew::Status::from(PlaceError::from(SoldOut { left: 0 }));
/// assert_eq!(status.to_string(), "UNAVAILABLE: nothing is left");
/// assert!(matches!(PlaceError::from(status), PlaceError::SoldOut(error) if error.left == 0));
/// ```
///
/// There is `From` a message of an error, which makes a new status; `From<sinew::Status>`, which looks for the first
/// detail that is one of the errors; `Into<sinew::Status>`, which gives back the very status; `code`, `message` and
/// `with_message`; `Display` and `std::error::Error`. `Debug` is the enum's own.
#[proc_macro_derive(DomainError, attributes(error))]
pub fn domain_error(input: TokenStream) -> TokenStream {
    domain_error::derive(input.into()).into()
}

/// Makes a service of a trait: what is written is what is implemented, and beside it stands a module with the client,
/// the server and the descriptors, as `sinew-build` makes them of an IDL. All options are in `docs/service-macro.md`.
#[proc_macro_attribute]
pub fn service(options: TokenStream, item: TokenStream) -> TokenStream {
    service::expand(options.into(), item.into()).into()
}
