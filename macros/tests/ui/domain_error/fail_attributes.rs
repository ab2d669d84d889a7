//! What `#[error(…)]` may say.
use sinew::{DomainError, Status, Typed};

macro_rules! messages {
    ($($name:ident)*) => {
        $(
            #[derive(Clone, PartialEq, prost::Message)]
            pub struct $name {}

            impl prost::Name for $name {
                const PACKAGE: &'static str = "shop.v1";
                const NAME: &'static str = stringify!($name);
            }
        )*
    };
}
messages!(A B C D E F G H I);

#[derive(Debug, DomainError)]
pub enum PlaceError {
    #[error(code = "UNAVAILIBLE")]
    A(Typed<A>),
    #[error(code = "OK")]
    B(Typed<B>),
    #[error(code = "no such thing at all")]
    C(Typed<C>),
    #[error(cod = "ABORTED")]
    D(Typed<D>),
    #[error(code = "ABORTED", message = "a", code = "ABORTED")]
    E(Typed<E>),
    #[error(message = 7)]
    F(Typed<F>),
    #[error(message = "")]
    G(Typed<G>),
    #[error("no: thiserror's")]
    H(Typed<H>),
    #[error]
    I(Typed<I>),
    Status(Status),
}

fn main() {
    let _ = Status::from(PlaceError::from(A {}));
}
