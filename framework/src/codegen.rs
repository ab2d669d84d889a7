//! The only door for generated code: what `sinew-build` and `#[service]` may name besides the public types.
//! Not a public interface: it changes with the generators of the same version.
#![doc(hidden)]

mod checks;

pub use bytes;
pub use prost;
pub use prost_types;

pub use crate::call::by_name::by_name;
pub use crate::call::domain::Declares;
pub use crate::call::method::Codec;
pub use crate::call::{Code, DomainError, Status};
pub use crate::server::{Dispatch, Handling, ReplyContext, ServerCall, StreamReply};

pub use checks::{
    Fails, Message, Named, Returns, ThroughMessage, ThroughOption, full_name, message, returned,
};

use std::borrow::Cow;

use crate::call::key::hash::KeyHash;
use crate::call::key::{HashKeyField, KeyValue};
use crate::call::policy::Routing;
use crate::call::{Inbound, Method, Outbound, Shape, Typed};
use crate::client::{Call, Channel, Reply};
use crate::server::Skeleton;

/// A service with its handlers.
pub fn skeleton(dispatch: impl Dispatch) -> Skeleton {
    Skeleton::new(dispatch)
}

/// A method whose messages were asked for one by one, so that rustc says of each where it is written that it is none.
pub const fn method<Req, Resp>(
    path: &'static str,
    shape: Shape,
    request: Codec<Req>,
    reply: Codec<Resp>,
) -> Method<Req, Resp> {
    Method::of(path, shape, request, reply)
}

/// A declared error to be failed with, called by its name if it has no message.
pub fn failing<D>(detail: D, full_name: &str, code: Code, message: &str) -> Typed<D>
where
    D: prost::Message + Default,
{
    Typed::new(detail, full_name, code, message)
}

/// The status, if its detail at `index` is of this name and decodes; else as it was.
pub fn declared<D>(status: Status, index: usize, full_name: &str) -> Result<Typed<D>, Status>
where
    D: prost::Message + Default,
{
    Typed::find(status, index, full_name)
}

/// Says to people what happened.
pub fn with_message<D>(typed: Typed<D>, message: String) -> Typed<D> {
    typed.with_message(message)
}

/// The same call, failing with what its method declares.
pub fn typed<R, E>(call: Call<R>) -> Call<R, E> {
    call.typed()
}

/// The hash of a field that is the key, if it is set.
pub fn key_hash(field: &(impl HashKeyField + ?Sized)) -> Option<KeyHash> {
    KeyHash::of(field)
}

/// The value of a field that a key is made of, if it is set.
pub fn key_value(field: &(impl HashKeyField + ?Sized)) -> Option<KeyValue<'_>> {
    field.key_value()
}

/// The key that a rule makes of the values of its fields.
pub fn routing_key<'m>(rule: Routing, values: &[Option<KeyValue<'m>>]) -> Option<Cow<'m, [u8]>> {
    rule.key(values)
}

/// The stub of a unary method.
pub fn unary<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
    req: Req,
) -> Call<Resp>
where
    Req: Send + 'static,
    Resp: 'static,
{
    crate::client::unary(channel, method, req)
}

/// The stub of a method with a stream of replies.
pub fn server_stream<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
    req: Req,
) -> Call<Inbound<Resp>>
where
    Req: Send + 'static,
    Resp: 'static,
{
    crate::client::server_stream(channel, method, req)
}

/// The stub of a method with a stream of requests.
pub fn client_stream<Req, Resp, E>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Reply<Resp, E>), E>
where
    Req: 'static,
    Resp: 'static,
    E: 'static,
{
    crate::client::client_stream(channel, method)
}

/// The stub of a method that streams both ways.
pub fn bidi<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Inbound<Resp>)>
where
    Req: 'static,
    Resp: 'static,
{
    crate::client::bidi(channel, method)
}

/// What every enum of errors is able to do, written once: by generated code and by `#[derive(DomainError)]`. Names and
/// messages are expressions of something that derefs to `str`.
#[doc(hidden)]
#[macro_export]
macro_rules! __domain_error {
    ($errors:ident, $other:ident {
        $($variant:ident($detail:ty) = $name:expr, $code:ident, $message:expr;)*
    }) => {
        #[allow(unreachable_pub)]
        impl $errors {
            /// The code of the status.
            #[must_use]
            pub fn code(&self) -> $crate::codegen::Code {
                $crate::codegen::DomainError::status(self).code()
            }

            /// What the status says to people.
            #[must_use]
            pub fn message(&self) -> &str {
                $crate::codegen::DomainError::status(self).message()
            }

            /// Says to people what happened; the caller reads it, too.
            #[must_use]
            pub fn with_message(self, message: impl ::core::convert::Into<::std::string::String>) -> Self {
                match self {
                    $(Self::$variant(typed) => {
                        Self::$variant($crate::codegen::with_message(typed, message.into()))
                    })*
                    Self::$other(status) => Self::$other(status.with_message(message)),
                }
            }
        }

        impl $crate::codegen::Declares for $errors {
            fn declared() -> ::std::vec::Vec<(::std::string::String, $crate::codegen::Code)> {
                ::std::vec![$((::std::string::String::from(&*$name), $crate::codegen::Code::$code)),*]
            }
        }

        impl $crate::codegen::DomainError for $errors {
            fn status(&self) -> &$crate::codegen::Status {
                match self {
                    $(Self::$variant(typed) => typed.status(),)*
                    Self::$other(status) => status,
                }
            }
        }

        impl ::core::convert::From<$crate::codegen::Status> for $errors {
            #[allow(unused_mut)]
            fn from(mut status: $crate::codegen::Status) -> Self {
                for index in 0..status.details().len() {
                    $(
                        status = match $crate::codegen::declared::<$detail>(status, index, &$name) {
                            ::core::result::Result::Ok(typed) => return Self::$variant(typed),
                            ::core::result::Result::Err(status) => status,
                        };
                    )*
                    let _ = index;
                }
                Self::$other(status)
            }
        }

        impl ::core::convert::From<$errors> for $crate::codegen::Status {
            fn from(error: $errors) -> Self {
                match error {
                    $($errors::$variant(typed) => typed.into_status(),)*
                    $errors::$other(status) => status,
                }
            }
        }

        $(
            impl ::core::convert::From<$detail> for $errors {
                fn from(detail: $detail) -> Self {
                    Self::$variant($crate::codegen::failing(
                        detail,
                        &$name,
                        $crate::codegen::Code::$code,
                        $message,
                    ))
                }
            }
        )*

        impl ::core::fmt::Display for $errors {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt($crate::codegen::DomainError::status(self), f)
            }
        }

        impl ::std::error::Error for $errors {
            fn source(&self) -> ::core::option::Option<&(dyn ::std::error::Error + 'static)> {
                ::std::error::Error::source($crate::codegen::DomainError::status(self))
            }
        }
    };
}
pub use __domain_error as domain_error;
