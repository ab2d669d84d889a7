//! What the IDL says of a method, and how its messages become bytes.
//! It refuses to hold anything that changes while a process runs.

mod declare;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::frame::Limit;
use super::key::hash::KeyHash;
use super::policy::{Declared, Policy, Routing, Source};

/// Which sides of a method stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One message each way.
    Unary,
    /// Many requests, one reply.
    ClientStream,
    /// One request, many replies.
    ServerStream,
    /// Many messages both ways.
    Bidi,
}

impl Shape {
    /// Does the caller send more than one message?
    pub const fn client_streams(self) -> bool {
        matches!(self, Self::ClientStream | Self::Bidi)
    }

    /// Does the server send more than one message?
    pub const fn server_streams(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidi)
    }
}

/// What repeating a call does (`idempotency_level` of the IDL).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Unknown, so it may do harm.
    #[default]
    Unsafe,
    /// The same as calling once.
    Idempotent,
    /// The call changes nothing.
    Safe,
}

/// The part of a method that every layer sees: its path and its promises.
///
/// Displays as `shop.v1.Cart/AddLine`.
#[derive(Clone, PartialEq)]
pub struct MethodSpec {
    path: Cow<'static, str>,
    slash: usize,
    shape: Shape,
    idempotency: Idempotency,
    deprecated: bool,
    policy: Policy,
}

impl MethodSpec {
    /// A method by its path, `/shop.v1.Cart/AddLine`.
    pub const fn new(path: &'static str, shape: Shape) -> Self {
        let slash = last_slash(path.as_bytes());
        Self::with(Cow::Borrowed(path), slash, shape)
    }

    /// A method whose path is only known at run time. A missing leading `/` is added.
    pub fn named(path: impl Into<String>, shape: Shape) -> Self {
        let mut path = path.into();
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        let slash = last_slash(path.as_bytes());
        Self::with(Cow::Owned(path), slash, shape)
    }

    const fn with(path: Cow<'static, str>, slash: usize, shape: Shape) -> Self {
        Self {
            path,
            slash,
            shape,
            idempotency: Idempotency::Unsafe,
            deprecated: false,
            policy: Policy::NONE,
        }
    }

    /// `/shop.v1.Cart/AddLine`
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `shop.v1.Cart`
    pub fn service(&self) -> &str {
        self.path.get(1..self.slash).unwrap_or_default()
    }

    /// `AddLine`
    pub fn name(&self) -> &str {
        self.path.get(self.slash + 1..).unwrap_or_default()
    }

    /// Which sides stream.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// What repeating the call does.
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// Whether nobody should call it any more.
    pub const fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// What it declares for its calls, each value with the place that it was declared at.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What a call may take if it does not say itself, streams included.
    pub const fn timeout(&self) -> Option<Duration> {
        match self.policy.timeout {
            Some(timeout) => Some(timeout.value),
            None => None,
        }
    }

    /// The longest silence in a stream of replies, if the call does not say itself.
    pub const fn idle_timeout(&self) -> Option<Duration> {
        match self.policy.idle_timeout {
            Some(timeout) => Some(timeout.value),
            None => None,
        }
    }

    /// The largest request, or message of a stream of requests, in bytes.
    pub const fn max_request_bytes(&self) -> Option<u32> {
        match self.policy.max_request_bytes {
            Some(bytes) => Some(bytes.value),
            None => None,
        }
    }

    /// How large requests may be: as the method declares, or as its channel or server is set.
    pub(crate) fn request_limit(&self, otherwise: Limit) -> Limit {
        let setting = |source| match source {
            Source::ServiceConfig => "`maxRequestMessageBytes` of the service config",
            Source::Service => "`max_request_bytes` of its service",
            Source::Method => "`max_request_bytes` of its method",
        };
        declared(self.policy.max_request_bytes, setting, otherwise)
    }

    /// How large replies may be that a client takes: as the method declares, or as its channel is set.
    pub(crate) fn reply_limit(&self, otherwise: Limit) -> Limit {
        let setting = |_| "`maxResponseMessageBytes` of the service config";
        declared(self.policy.max_reply_bytes, setting, otherwise)
    }
}

fn declared(
    bytes: Option<Declared<u32>>,
    setting: impl FnOnce(Source) -> &'static str,
    otherwise: Limit,
) -> Limit {
    match bytes {
        None => otherwise,
        Some(bytes) => Limit {
            bytes: usize::try_from(bytes.value).unwrap_or(usize::MAX),
            setting: setting(bytes.source),
        },
    }
}

impl fmt::Display for MethodSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path.get(1..).unwrap_or_default())
    }
}

impl fmt::Debug for MethodSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?}, {:?})", self.shape, self.idempotency)
    }
}

const fn last_slash(path: &[u8]) -> usize {
    let mut at = path.len();
    while at > 0 {
        at -= 1;
        if path[at] == b'/' {
            return at;
        }
    }
    0
}

/// A [`MethodSpec`] that a call holds: the `static` of generated code, or a shared one of a raw call.
#[derive(Clone)]
pub struct MethodHandle(Handle);

#[derive(Clone)]
enum Handle {
    Static(&'static MethodSpec),
    Shared(Arc<MethodSpec>),
}

impl MethodHandle {
    /// The path, without a copy where the method is a `static`.
    pub(crate) fn path_cow(&self) -> Cow<'static, str> {
        match &self.0 {
            Handle::Static(spec) => Cow::Borrowed(spec.path.as_ref()),
            Handle::Shared(spec) => spec.path.clone(),
        }
    }

    /// The `static` of generated code, where it is one.
    pub(crate) fn declared(&self) -> Option<&'static MethodSpec> {
        match &self.0 {
            Handle::Static(spec) => Some(spec),
            Handle::Shared(_) => None,
        }
    }
}

impl Deref for MethodHandle {
    type Target = MethodSpec;

    fn deref(&self) -> &MethodSpec {
        match &self.0 {
            Handle::Static(spec) => spec,
            Handle::Shared(spec) => spec,
        }
    }
}

impl From<&'static MethodSpec> for MethodHandle {
    fn from(spec: &'static MethodSpec) -> Self {
        Self(Handle::Static(spec))
    }
}

impl From<MethodSpec> for MethodHandle {
    fn from(spec: MethodSpec) -> Self {
        Self(Handle::Shared(Arc::new(spec)))
    }
}

impl fmt::Display for MethodHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Debug for MethodHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// How a field is hashed.
type FieldHash<Req> = fn(&Req) -> Option<KeyHash>;

/// How a rule of routing is told the values of its fields.
type RoutingKey<Req> = for<'m> fn(Routing, &'m Req) -> Option<Cow<'m, [u8]>>;

/// Where the key of a request is.
enum Key<Req> {
    Field(FieldHash<Req>),
    Rule(Routing, RoutingKey<Req>),
}

/// A method as generated code declares it, in a `static`: its [`MethodSpec`] and the codec of its messages.
pub struct Method<Req, Resp> {
    spec: MethodSpec,
    /// Who declares what the builder is told next.
    by: Source,
    key: Option<Key<Req>>,
    pub(crate) request: Codec<Req>,
    pub(crate) reply: Codec<Resp>,
}

impl<Req, Resp> Method<Req, Resp>
where
    Req: prost::Message + Default,
    Resp: prost::Message + Default,
{
    /// One message each way.
    pub const fn unary(path: &'static str) -> Self {
        Self::new(path, Shape::Unary)
    }

    /// Many requests, one reply.
    pub const fn client_stream(path: &'static str) -> Self {
        Self::new(path, Shape::ClientStream)
    }

    /// One request, many replies.
    pub const fn server_stream(path: &'static str) -> Self {
        Self::new(path, Shape::ServerStream)
    }

    /// Many messages both ways.
    pub const fn bidi(path: &'static str) -> Self {
        Self::new(path, Shape::Bidi)
    }

    const fn new(path: &'static str, shape: Shape) -> Self {
        Self::of(path, shape, Codec::prost(), Codec::prost())
    }
}

impl<Req, Resp> Method<Req, Resp> {
    pub(crate) const fn of(
        path: &'static str,
        shape: Shape,
        request: Codec<Req>,
        reply: Codec<Resp>,
    ) -> Self {
        Self {
            spec: MethodSpec::new(path, shape),
            by: Source::Method,
            key: None,
            request,
            reply,
        }
    }

    /// What layers see of it.
    pub const fn spec(&self) -> &MethodSpec {
        &self.spec
    }

    /// The hash of the key by which a call with this request is placed: of the field or the rule that the method
    /// declares. Nothing where it declares none, or what it declares is not set or empty.
    pub fn key(&self, request: &Req) -> Option<KeyHash> {
        match &self.key {
            None => None,
            Some(Key::Field(hash)) => hash(request),
            Some(Key::Rule(..)) => KeyHash::of_bytes(&self.routing_key(request)?),
        }
    }

    /// The key that [`Policy::routing`] makes of a request; nothing where there is no such rule, or it finds none.
    ///
    /// It is borrowed from the request where the rule has one name alone and the field is text or bytes.
    pub fn routing_key<'m>(&self, request: &'m Req) -> Option<Cow<'m, [u8]>> {
        match self.key {
            Some(Key::Rule(rule, key)) => key(rule, request),
            Some(Key::Field(_)) | None => None,
        }
    }
}

impl<Req, Resp> fmt::Debug for Method<Req, Resp> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.spec, f)
    }
}

/// How messages of one type become bytes and back.
pub struct Codec<T> {
    pub(crate) len: fn(&T) -> usize,
    pub(crate) encode: fn(&T, &mut BytesMut),
    pub(crate) decode: fn(Bytes) -> Result<T, Box<dyn Error + Send + Sync>>,
}

impl<T> fmt::Debug for Codec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codec")
    }
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

impl<T: prost::Message + Default> Codec<T> {
    pub(crate) const fn prost() -> Self {
        Self {
            len: T::encoded_len,
            encode: |message, out| message.encode_raw(out),
            decode: |bytes| T::decode(bytes).map_err(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        for (path, service, name) in [
            ("/shop.v1.Cart/AddLine", "shop.v1.Cart", "AddLine"),
            ("/Cart/Add", "Cart", "Add"),
            ("shop.v1.Cart/AddLine", "shop.v1.Cart", "AddLine"),
            ("/odd", "", "odd"),
            ("/", "", ""),
            ("", "", ""),
        ] {
            let spec = MethodSpec::named(path, Shape::Unary);
            assert_eq!((spec.service(), spec.name()), (service, name), "{path}");
        }
        const SPEC: MethodSpec = MethodSpec::new("/shop.v1.Cart/AddLine", Shape::Unary);
        assert_eq!(SPEC.service(), "shop.v1.Cart");
        assert_eq!(SPEC.to_string(), "shop.v1.Cart/AddLine");
    }
}
