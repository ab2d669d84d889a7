//! What `#[service]` asks of the types that a trait names, so that rustc answers at the signature.
//! It refuses to run: all of it is decided when a user's crate is compiled.

use crate::call::Status;
use crate::call::method::Codec;

/// What a method can take and reply.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no message",
    label = "no message",
    note = "derive `prost::Message` for it, or have it generated from a `.proto` file"
)]
pub trait Message: prost::Message + Default {}

#[diagnostic::do_not_recommend]
impl<T: prost::Message + Default> Message for T {}

/// What a method can fail with.
#[diagnostic::on_unimplemented(
    message = "a method cannot fail with `{Self}`",
    label = "neither `sinew::Status` nor made of one and into one",
    note = "write `sinew::Status`, or a type with `From<Status>` and `Into<Status>`"
)]
pub trait Fails: From<Status> + Into<Status> {}

#[diagnostic::do_not_recommend]
impl<T: From<Status> + Into<Status>> Fails for T {}

/// What a handler has to return that replies with a `T` or fails with an `E`.
#[diagnostic::on_unimplemented(
    message = "a method returns `Result<{T}, {E}>`, not `{Self}`",
    label = "not `Result<{T}, {E}>`",
    note = "a `Result<T>` without an error, or with one called `Status`, is taken for `sinew::Result<T>`: name another \
            error where it is written, as `Result<T, E>`"
)]
pub trait Returns<T, E> {
    /// As it is sent.
    fn status(self) -> Result<T, Status>;
}

impl<T, E: Fails> Returns<T, E> for Result<T, E> {
    fn status(self) -> Result<T, Status> {
        self.map_err(Into::into)
    }
}

/// What can be told from other details of a status.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no name on the wire, by which it is found among the details of a status",
    label = "no full name",
    note = "implement `prost::Name` for it, or have it generated from a `.proto` file"
)]
pub trait Named: prost::Name {}

#[diagnostic::do_not_recommend]
impl<T: prost::Name> Named for T {}

/// By which name?
pub fn full_name<T: Named>() -> String {
    T::full_name()
}

/// How a message is encoded, if it is one.
pub const fn message<T: Message>() -> Codec<T> {
    Codec::prost()
}

/// What a handler returned, if that is what its signature is taken for.
pub fn returned<T, E, R: Returns<T, E>>(result: R) -> Result<T, Status> {
    result.status()
}

/// From a field on the way to a key to the message in it. Method calls find this before [`ThroughMessage`].
pub trait ThroughOption {
    /// The message.
    type Message;
    /// The message, where it is set.
    fn through(&self) -> Option<&Self::Message>;
}

impl<T: prost::Message> ThroughOption for Option<T> {
    type Message = T;
    fn through(&self) -> Option<&T> {
        self.as_ref()
    }
}

/// As [`ThroughOption`], for a field that is always set.
pub trait ThroughMessage {
    /// The message.
    type Message;
    /// The message.
    fn through(&self) -> Option<&Self::Message>;
}

impl<T: prost::Message> ThroughMessage for &T {
    type Message = T;
    fn through(&self) -> Option<&T> {
        Some(self)
    }
}
