//! Errors that a method declares: a status that is known by one of its details, without losing the rest of it.
//! It refuses to judge a status by its code: a detail says what it is.

use std::error::Error;
use std::fmt;
use std::ops::Deref;

use prost_types::Any;

use super::details::{full_name, type_url};
use super::{Code, Status};

/// What a method can fail with: an enum with a variant for each declared error, each holding a [`Typed`], and one that
/// holds the [`Status`] of every other failure.
///
/// `From<Status>` looks for the first detail that is one of the declared errors and decodes, whatever the code;
/// [`Into<Status>`] gives back the very status: code, message, all details and what only this process knows. So a
/// status that passes through is not changed.
///
/// Generated for methods that declare `errors`, and derived for enums of your own: `#[derive(sinew::DomainError)]`.
pub trait DomainError: Error + From<Status> + Into<Status> + Send + Sync + 'static {
    /// The whole status.
    fn status(&self) -> &Status;
}

/// The errors that an enum of them has, by their full names, with the code that each is sent with: what every such enum
/// implements, generated or derived.
pub trait Declares {
    /// In the order of the variants.
    fn declared() -> Vec<(String, Code)>;
}

/// A declared error and the whole status that it came with. One word wide; it derefs to the error.
///
/// Neither can be changed by itself, for they would no longer say the same.
#[derive(Clone)]
pub struct Typed<D>(Box<Inner<D>>);

#[derive(Clone)]
struct Inner<D> {
    detail: D,
    status: Status,
}

impl<D> Typed<D> {
    /// The whole status.
    pub fn status(&self) -> &Status {
        &self.0.status
    }

    /// The error alone.
    pub fn into_detail(self) -> D {
        self.0.detail
    }

    /// The status alone.
    pub fn into_status(self) -> Status {
        self.0.status
    }

    /// Says to people what happened.
    #[must_use]
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.status = self.0.status.with_message(message);
        self
    }
}

impl<D: prost::Message + Default> Typed<D> {
    /// A status of this code with nothing but `detail`. Without another message it is called by its name.
    pub(crate) fn new(detail: D, full_name: &str, code: Code, message: &str) -> Self {
        let message = match message {
            "" => full_name,
            message => message,
        };
        let any = Any {
            type_url: type_url(full_name),
            value: detail.encode_to_vec(),
        };
        let status = Status::new(code, message).with_details(vec![any]);
        Self(Box::new(Inner { detail, status }))
    }

    /// `status`, if its detail at `index` is of this name and decodes; else `status` as it was.
    pub(crate) fn find(status: Status, index: usize, name: &str) -> Result<Self, Status> {
        let any = status.details().get(index);
        let any = any.filter(|any| full_name(&any.type_url) == name);
        match any.and_then(|any| D::decode(any.value.as_slice()).ok()) {
            Some(detail) => Ok(Self(Box::new(Inner { detail, status }))),
            None => Err(status),
        }
    }
}

impl<D> Deref for Typed<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.0.detail
    }
}

impl<D> From<Typed<D>> for Status {
    fn from(typed: Typed<D>) -> Self {
        typed.into_status()
    }
}

impl<D: fmt::Debug> fmt::Debug for Typed<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("detail", &self.0.detail)
            .field("status", &self.0.status)
            .finish()
    }
}

#[cfg(test)]
mod tests;
