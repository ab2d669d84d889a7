//! What `#[service]` asks of the types that a trait names, so that rustc answers at the signature.
//! It refuses to run: all of it is decided when a user's crate is compiled.

use crate::call::Status;
use crate::call::key::HashKeyField;

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

/// Is it a message?
pub const fn message<T: Message>() {}

/// Can a method fail with it?
pub const fn failure<T: Fails>() {}

/// Can calls be routed by it?
pub const fn key<T: HashKeyField + ?Sized>(_: &T) {}

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
