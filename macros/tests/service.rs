//! `#[service]` by whom it is written for: what is refused, with its text and place, and that what is not works.

#![allow(missing_docs)]

use std::sync::Arc;

use sinew::{Channel, Code, Context, Inbound, Outbound, Status};

#[derive(Clone, PartialEq, prost::Message)]
pub struct Line {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(message, optional, tag = "2")]
    pub user: Option<inner::User>,
}

pub mod inner {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct User {
        #[prost(string, tag = "1")]
        pub id: String,
    }
}

#[derive(Debug)]
pub enum CartError {
    Full,
    Status(Status),
}

impl From<Status> for CartError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::ResourceExhausted => Self::Full,
            _ => Self::Status(status),
        }
    }
}

impl From<CartError> for Status {
    fn from(error: CartError) -> Self {
        match error {
            CartError::Full => Status::new(Code::ResourceExhausted, "full"),
            CartError::Status(status) => status,
        }
    }
}

/// All that a signature can be.
#[sinew::service(
    package = "shop.v1",
    name = "Carts",
    timeout = "1s",
    user_key = "metadata:x-user"
)]
pub trait CartService {
    /// Adds.
    #[rpc(
        timeout = "250ms",
        idempotent,
        hash_key = user.id,
        max_request_bytes = 65536,
        criticality = CriticalPlus,
        retry(max_attempts = 3, initial_backoff = "5ms", multiplier = 2, codes = [Unavailable])
    )]
    async fn add_line(&self, cx: &Context, req: Line) -> Result<Line, CartError>;
    #[cfg(any())]
    async fn left_out(&self, req: Line) -> sinew::Result<Line>;
    #[rpc(no_side_effects, user_key = id, hedge(max_attempts = 2, delay = "p95"))]
    async fn whose(&self, req: Line) -> sinew::Result<inner::User>;
    #[rpc(idle_timeout = "5s")]
    async fn watch(&self, req: self::inner::User, out: &mut Outbound<Line>) -> sinew::Result<()>;
    #[deprecated = "upload nothing"]
    async fn upload(&self, lines: Inbound<Line>) -> Result<(), Status>;
    async fn chat(
        &self,
        cx: &Context,
        says: Inbound<Line>,
        out: &mut Outbound<Line>,
    ) -> Result<(), CartError>;
    #[rpc(name = "Later")]
    async fn not_yet(&self, mut req: String) -> sinew::Result<String> {
        req.push('?');
        Err(Status::unimplemented(req))
    }
}

struct Cart;

impl CartService for Cart {
    async fn add_line(&self, cx: &Context, req: Line) -> Result<Line, CartError> {
        assert_eq!(cx.method().name(), "AddLine");
        match req.id.is_empty() {
            true => Err(CartError::Full),
            false => Ok(req),
        }
    }
    async fn whose(&self, req: Line) -> sinew::Result<inner::User> {
        Ok(req.user.unwrap_or_default())
    }
    async fn watch(&self, req: inner::User, out: &mut Outbound<Line>) -> sinew::Result<()> {
        out.send(Line {
            id: req.id,
            user: None,
        })
        .await?;
        Ok(())
    }
    async fn upload(&self, mut lines: Inbound<Line>) -> Result<(), Status> {
        while lines.next().await?.is_some() {}
        Ok(())
    }
    async fn chat(
        &self,
        _: &Context,
        mut says: Inbound<Line>,
        out: &mut Outbound<Line>,
    ) -> Result<(), CartError> {
        while let Some(line) = says.next().await? {
            out.send(line).await?;
        }
        Err(CartError::Full)
    }
}

fn client() -> cart_service::Client {
    cart_service::Client::new(Channel::in_process(cart_service::server(Cart)))
}

fn line(id: &str) -> Line {
    Line {
        id: id.into(),
        user: None,
    }
}

#[tokio::test]
async fn each_shape_is_called_and_fails_with_its_type() {
    let cart = client();
    assert_eq!(cart.add_line(line("pen")).await.unwrap(), line("pen"));
    assert!(matches!(
        cart.add_line(line("")).await,
        Err(CartError::Full)
    ));
    assert_eq!(
        cart.whose(line("pen")).await.unwrap(),
        inner::User::default()
    );
    let mut seen = cart.watch(inner::User { id: "ann".into() }).await.unwrap();
    assert_eq!(seen.next().await.unwrap(), Some(line("ann")));
    assert_eq!(seen.next().await.unwrap(), None);
    #[allow(deprecated)]
    let (mut lines, done) = cart.upload().await.unwrap();
    lines.send(line("pen")).await.unwrap();
    lines.finish();
    done.await.unwrap();
    let (mut say, mut heard) = cart.chat().await.unwrap();
    say.send(line("pen")).await.unwrap();
    say.finish();
    assert_eq!(heard.next().await.unwrap(), Some(line("pen")));
    assert_eq!(
        heard.next().await.unwrap_err().code(),
        Code::ResourceExhausted
    );
    let later = cart.not_yet("when".into()).await.unwrap_err();
    assert_eq!(
        (later.code(), later.message()),
        (Code::Unimplemented, "when?")
    );
}

#[test]
fn what_is_declared_is_in_the_descriptors() {
    let service = &cart_service::SERVICE;
    assert_eq!(service.name(), "shop.v1.Carts");
    let names: Vec<_> = service
        .methods()
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    assert_eq!(
        names,
        ["AddLine", "Whose", "Watch", "Upload", "Chat", "Later"]
    );
    let add = cart_service::ADD_LINE.spec();
    let ms = std::time::Duration::from_millis;
    assert_eq!(
        (add.timeout(), add.max_request_bytes()),
        (Some(ms(250)), Some(65536))
    );
    assert_eq!(add.idempotency(), sinew::Idempotency::Idempotent);
    let policy = add.policy();
    assert_eq!(policy.hash_key.map(|key| key.value), Some("user.id"));
    let mut line = Line::default();
    assert_eq!(cart_service::ADD_LINE.key(&line), None, "no user");
    line.user = Some(inner::User { id: "u".to_owned() });
    let key = cart_service::ADD_LINE.key(&line);
    assert_eq!(key, sinew::KeyHash::of("u"));
    assert_eq!(
        policy.user_key.map(|key| key.value),
        Some("metadata:x-user")
    );
    assert_eq!(
        policy.retry.and_then(|retry| retry.value.max_attempts),
        Some(3)
    );
    let whose = cart_service::WHOSE.spec();
    assert_eq!(
        (
            whose.timeout(),
            whose.policy().user_key.map(|key| key.value)
        ),
        (Some(ms(1000)), Some("id"))
    );
    assert_eq!(cart_service::WATCH.spec().timeout(), None);
}

#[test]
fn the_client_is_shared() {
    fn is_shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let client = Arc::new(client());
    is_shared(&*client);
}
