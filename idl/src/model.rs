//! The service model: what every front end (`.proto` files, Rust traits) lowers to and every emitter reads.
//! It refuses to know where it came from, beyond the [`Span`]s that diagnostics point at, and it holds no messages:
//! those are the message back end's.

use proc_macro2::TokenStream;

use crate::{diag::Span, policy::Policy};

/// All services of one compilation, in the order of their files and of their declarations.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The services, sorted by full name.
    pub services: Vec<Service>,
}

/// A name as the wire and as Rust spell it.
#[derive(Clone, Debug)]
pub struct Name {
    /// The spelling of the IDL: `AddLine`.
    pub wire: String,
    /// The Rust identifier, raw where it is a keyword (`r#move`); filled once, by [`crate::naming`].
    pub rust: String,
    /// Where the IDL declares it.
    pub span: Span,
}

/// One service and its methods.
#[derive(Clone, Debug)]
pub struct Service {
    /// `CartService`: the name of the trait.
    pub name: Name,
    /// `cart_service`: the name of the module that holds descriptors, client and server.
    pub module: String,
    /// `shop.v1`; empty without a package.
    pub package: String,
    /// `shop.v1.CartService`: the name on the wire.
    pub full_name: String,
    /// The comment of the declaration, as plain text.
    pub docs: Docs,
    /// Marked deprecated.
    pub deprecated: bool,
    /// What it declares for its methods; they have taken over what holds for them.
    pub policy: Policy,
    /// The methods, in the order of their declaration.
    pub methods: Vec<Method>,
}

/// One method of a service.
#[derive(Clone, Debug)]
pub struct Method {
    /// `AddLine` / `add_line`.
    pub name: Name,
    /// Which sides stream.
    pub shape: Shape,
    /// The request message.
    pub input: TypeRef,
    /// The reply message.
    pub output: TypeRef,
    /// May the call be repeated?
    pub idempotency: Idempotency,
    /// What a call of it needs, the service's defaults among it.
    pub policy: Policy,
    /// The comment of the declaration, as plain text.
    pub docs: Docs,
    /// Marked deprecated.
    pub deprecated: bool,
    /// What only a Rust trait can say of it.
    pub own: Own,
}

/// What the trait of a user says of a method beyond an IDL; nothing where an IDL declares it.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// It is refused: its client stands, so that calls of it do not fail as well, and nothing serves it.
    pub unserved: bool,
    /// The handler does not take a context.
    pub no_context: bool,
    /// The `#[cfg(…)]`s of the method.
    pub cfg: TokenStream,
    /// The closure that makes the hash of its key from a request, where it has one.
    pub hash_key: Option<TokenStream>,
    /// The type that it fails with, as [`TypeRef::rust`] has paths. `None`: the errors of its policy, or a status.
    pub failure: Option<TokenStream>,
    /// Where the signature says what it fails with, in a Rust trait.
    pub fails_at: Span,
}

/// Which sides of a method stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    #[must_use]
    pub const fn client_streams(self) -> bool {
        matches!(self, Self::ClientStream | Self::Bidi)
    }

    /// Does the server send more than one message?
    #[must_use]
    pub const fn server_streams(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidi)
    }
}

/// What repeating a call does (`idempotency_level` of the IDL), the most harmful first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Idempotency {
    /// Unknown, so it may do harm.
    #[default]
    Unsafe,
    /// The same as calling once.
    Idempotent,
    /// The call changes nothing.
    Safe,
}

/// A message type: its name in the IDL, and the path by which generated code reaches it.
#[derive(Clone, Debug)]
pub struct TypeRef {
    /// `shop.v1.AddLineRequest`, without a leading dot.
    pub full_name: String,
    /// The Rust path *from the module of the package* (`super::types::Line`, `::prost_types::Any`, `()`); filled by the
    /// message back end.
    pub rust: TokenStream,
    /// Where the IDL names it.
    pub span: Span,
}

/// A comment, one string a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Docs {
    /// Of an IDL: plain text, made into rustdoc by [`crate::docs`].
    Plain(Vec<String>),
    /// Of a Rust trait: rustdoc already.
    Rustdoc(Vec<String>),
}

impl Docs {
    /// The lines, whatever they are.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        match self {
            Self::Plain(lines) | Self::Rustdoc(lines) => lines,
        }
    }
}

impl Default for Docs {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}
