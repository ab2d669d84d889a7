//! The orders of `proto/shop/v1/orders.proto` as a trait in Rust, with every option: the same service, for who lives in
//! Rust alone.
//! It refuses to declare messages: those of the IDL serve.

use sinew::{Context, Outbound, Result, Status, Typed};

use crate::shop::v1::{Closed, Order, Receipt, SoldOut};

/// What placing an order fails with.
#[derive(Debug, sinew::DomainError)]
pub enum PlaceError {
    /// Nothing is left of it.
    SoldOut(Typed<SoldOut>),
    /// Nobody is there.
    #[error(code = "UNAVAILABLE")]
    Closed(Typed<Closed>),
    /// Every other failure.
    Status(Status),
}

/// What becomes of a cart: every option of `#[service]`.
#[sinew::service(
    package = "shop.v1",
    timeout = "1s",
    idle_timeout = "30s",
    criticality = Critical,
    user_key = "metadata:x-user",
)]
pub trait Orders {
    /// Sends an order off. Sending it twice is sending it once: it has an id.
    #[rpc(
        idempotent,
        timeout = "250ms",
        retry(
            max_attempts = 3, initial_backoff = "5ms", max_backoff = "100ms", multiplier = 1.6,
            codes = [Unavailable],
        ),
        hash_key = order_id,
        criticality = CriticalPlus,
        max_request_bytes = 65536,
    )]
    async fn place(&self, cx: &Context, req: Order) -> Result<Receipt, PlaceError>;

    /// What an order has come to.
    #[rpc(
        no_side_effects,
        hedge(max_attempts = 2, delay = "p95", codes = [Unavailable]),
        hash_key = order_id,
        user_key = buyer,
    )]
    async fn status(&self, cx: &Context, req: Order) -> Result<Receipt>;

    /// Tells of each step of an order.
    #[rpc(hash_key = order_id)]
    async fn follow(&self, cx: &Context, req: Order, out: &mut Outbound<Receipt>) -> Result<()>;
}
