//! Middleware in its three sizes, on both sides.
//! It refuses to know any service: a layer sees encoded messages.

use std::error::Error;
use std::time::Instant;

use sinew::{Channel, InvalidTarget, Next, RawCall, RawReply, Server, Skeleton};

/// Clients with the smallest and the largest.
pub fn channel(url: &str) -> Result<Channel, InvalidTarget> {
    Channel::builder(url)
        // A closure that sees the call, and may refuse it.
        .on_call(|call| {
            call.metadata_mut().insert("authorization", "Bearer sesame");
            Ok(())
        })
        // Any tower layer from `RawCall` to `RawReply`.
        .layer(tower::limit::ConcurrencyLimitLayer::new(64))
        .build()
}

/// An async function, as in axum.
async fn audit(call: RawCall, next: Next) -> sinew::Result<RawReply> {
    let (method, began) = (call.method().to_string(), Instant::now());
    let reply = next.run(call).await;
    let (code, took) = (sinew::code_of(&reply), began.elapsed());
    eprintln!("{method}: {code:?} in {took:?}");
    reply
}

/// Shows what [`sinew::Status::internal`] keeps from the caller.
async fn log_sources(call: RawCall, next: Next) -> sinew::Result<RawReply> {
    let reply = next.run(call).await;
    if let Err(status) = &reply
        && let Some(source) = status.source()
    {
        eprintln!("{status}: {source}");
    }
    reply
}

/// A server with the middle one, and a guard at the door.
pub fn server(cart: Skeleton) -> Server {
    Server::new()
        .on_call(|call| match call.metadata().get("authorization") {
            Some("Bearer sesame") => Ok(()),
            _ => Err(sinew::Status::unauthenticated("say the word")),
        })
        .layer(sinew::from_fn(audit))
        .layer(sinew::from_fn(log_sources))
        .add(cart)
}
