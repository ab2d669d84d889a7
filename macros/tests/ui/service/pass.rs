//! Everything that a service can be, without a word from the compiler.
#![deny(warnings)]

use sinew::{Channel, Context, Inbound, Outbound, Result, Status, Typed};

mod messages {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Line {
        #[prost(string, tag = "1")]
        pub cart_id: String,
        #[prost(message, optional, tag = "2")]
        pub owner: Option<Owner>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Owner {
        #[prost(uint64, tag = "1")]
        pub id: u64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct SoldOut {}

    impl prost::Name for SoldOut {
        const PACKAGE: &'static str = "shop.v1";
        const NAME: &'static str = "SoldOut";
    }
}

use messages::{Line, SoldOut};

#[derive(Debug, sinew::DomainError)]
pub enum CartError {
    SoldOut(Typed<SoldOut>),
    Status(Status),
}

/// All carts.
#[sinew::service(
    package = "shop.v1", name = "Carts", timeout = "1s", idle_timeout = "30s", max_request_bytes = 65536,
    criticality = SheddablePlus, user_key = "metadata:x-user",
)]
pub trait CartService {
    /// Adds a line.
    #[rpc(idempotent, hash_key = cart_id, retry(max_attempts = 3, initial_backoff = "5ms", codes = [Unavailable]))]
    async fn add_line(&self, cx: &Context, req: Line) -> Result<Line, CartError>;
    #[rpc(no_side_effects, hash_key = owner.id, hedge(delay = "p95"), criticality = Critical)]
    async fn get(&self, req: self::messages::Line) -> Result<Line>;
    async fn watch(&self, req: Line, out: &mut Outbound<Line>) -> Result<(), Status>;
    async fn upload(&self, lines: Inbound<Line>) -> Result<Line, CartError>;
    #[rpc(name = "Talk")]
    async fn chat(&self, cx: &Context, rx: Inbound<Line>, out: &mut Outbound<Line>) -> Result<()>;
    #[deprecated]
    async fn r#move(&self, req: ()) -> Result<()> {
        Ok(req)
    }
    #[cfg(any())]
    async fn never(&self, req: Nothing) -> Result<()>;
    // One of two.
    #[cfg(all())]
    #[rpc(idempotent, retry(codes = [UNAVAILABLE]))]
    async fn either(&self, req: Line) -> Result<Line> {
        if req.cart_id.is_empty() {
            return Err(Status::not_found("no line"));
        }
        Ok(req)
    }
    #[cfg(not(all()))]
    async fn either(&self, req: Line) -> Result<Nothing>;
    async fn not_yet(&self, _req: Line) -> Result<Line> {
        todo!()
    }
    #[rustfmt::skip]
    async fn echo(&self, req: Line) -> Result<Line> { Ok(req) }
}

struct Carts;

impl CartService for Carts {
    async fn add_line(&self, _: &Context, line: Line) -> Result<Line, CartError> {
        if line.cart_id.is_empty() {
            return Err(SoldOut {}.into());
        }
        Ok(line)
    }
    async fn get(&self, line: Line) -> Result<Line> {
        Ok(line)
    }
    async fn watch(&self, line: Line, out: &mut Outbound<Line>) -> Result<()> {
        out.send(line).await
    }
    async fn upload(&self, mut lines: Inbound<Line>) -> Result<Line, CartError> {
        lines.next().await?.ok_or_else(|| SoldOut {}.into())
    }
    async fn chat(&self, _: &Context, mut rx: Inbound<Line>, out: &mut Outbound<Line>) -> Result<()> {
        while let Some(line) = rx.next().await? {
            out.send(line).await?;
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let carts = cart_service::Client::new(Channel::in_process(cart_service::server(Carts)));
    let error = carts.add_line(Line::default()).await.unwrap_err();
    assert!(matches!(error, CartError::SoldOut(_)));
    let line = Line { cart_id: "a".into(), owner: None };
    assert_eq!(carts.get(line.clone()).await.unwrap(), line);
    let (lines, reply) = carts.upload().await.unwrap();
    lines.finish();
    assert!(matches!(reply.await, Err(CartError::SoldOut(_))));
    let names: Vec<_> = cart_service::SERVICE.methods().iter().map(|one| one.to_string()).collect();
    let want = ["AddLine", "Get", "Watch", "Upload", "Talk", "Move", "Either", "NotYet", "Echo"];
    assert_eq!(names, want.map(|name| format!("shop.v1.Carts/{name}")));
    assert_eq!(cart_service::ADD_LINE.spec().timeout(), Some(std::time::Duration::from_secs(1)));
}

// What is written here is not seen from elsewhere: neither the trait, nor its messages.
#[derive(Clone, PartialEq, prost::Message)]
struct Note {
    #[prost(string, tag = "1")]
    text: String,
}

#[sinew::service]
trait Notes {
    #[rpc(hash_key = text)]
    async fn take(&self, req: Note) -> Result<Note>;
}

struct Book;

impl Notes for Book {
    async fn take(&self, note: Note) -> Result<Note> {
        Ok(note)
    }
}

#[allow(dead_code)]
async fn noted() -> Result<Note> {
    let notes = notes::Client::new(Channel::in_process(notes::server(Book)));
    notes.take(Note { text: "a".into() }).await
}
