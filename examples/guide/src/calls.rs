//! Callers of the cart: each function is a part of the README.
//! They refuse to handle what they cannot mend: a status goes to whoever called.

use std::time::Duration;

use sinew::details::BadRequest;
use sinew::{Code, Context};

use crate::shop::v1::{Line, ListRequest, Total, cart};

/// A stream of requests. The server may end the call before it has them all.
pub async fn upload(cart: &cart::Client, all: Vec<Line>) -> sinew::Result<Total> {
    let (mut lines, total) = cart.upload().await?; // a stream of requests, and the future of the reply
    for line in all {
        match lines.send(line).await {
            Err(ended) if ended.code() == Code::Cancelled => break, // the reply says why
            sent => sent?,
        }
    }
    lines.finish(); // dropping it instead would cancel the call
    total.await
}

/// All shapes of methods that stream.
pub async fn streams(cart: &cart::Client) -> sinew::Result<Vec<u32>> {
    let item = "pen".into();
    let pens = Line { item, count: 3 };

    let total = upload(cart, vec![pens.clone(), pens.clone()]).await?;

    let mut listed = cart.list(ListRequest {}).await?; // a stream of replies
    let mut count = 0;
    while let Some(line) = listed.next().await? {
        count += line.count;
    }

    let (mut ask, mut prices) = cart.quote().await?; // both
    ask.send(pens).await?;
    let price = prices.next().await?.unwrap_or_default();
    Ok(vec![total.lines, count, price.cents])
}

/// What a failed call tells.
pub async fn errors(cart: &cart::Client, line: Line) -> sinew::Result<String> {
    match cart.add_line(line).await {
        Ok(total) => Ok(format!("{} lines", total.lines)),
        Err(status) if status.code() == Code::InvalidArgument => {
            let wrong = status.detail::<BadRequest>().unwrap_or_default();
            let fields: Vec<_> = wrong.field_violations.iter().map(|v| &*v.field).collect();
            Ok(format!("wrong: {}", fields.join(", ")))
        }
        Err(status) => Err(status), // "shop.v1.Cart/AddLine: FAILED_PRECONDITION …: there are not 9 of pen"
    }
}

/// A call with options.
pub async fn options(cart: &cart::Client, line: Line) -> sinew::Result<(Total, String)> {
    let call = cart
        .add_line(line)
        .timeout(Duration::from_millis(250))
        .metadata("x-tenant", "acme");
    let response = call.with_response().await?;
    let served_for = response.metadata.get("x-served-for").unwrap_or("nobody");
    Ok((response.message, served_for.to_owned()))
}

/// A stream that waits for its server, and not for ever for its messages.
pub async fn patience(cart: &cart::Client) -> sinew::Result<usize> {
    let mut listed = cart
        .list(ListRequest {})
        .wait_for_ready() // also while connecting fails, within the deadline if there is one
        .idle_timeout(Duration::from_secs(30)) // DEADLINE_EXCEEDED when no message comes for so long
        .await?;
    let mut count = 0;
    while listed.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Calls as futures: they own what they need.
pub async fn together(cart: &cart::Client, line: Line) -> sinew::Result<u32> {
    let task = tokio::spawn(cart.add_line(line.clone()));
    let (one, other) = tokio::join!(task, cart.add_line(line));
    let one = one.map_err(sinew::Status::internal)??;
    Ok(one.lines.max(other?.lines))
}

/// Work that goes on when the handler that began it has returned.
pub fn afterwards(cx: &Context, cart: cart::Client, line: Line) {
    cx.spawn(Context::background().scope(async move {
        // Keeps the trace of the call, and has no deadline. Whether it works out is nobody's business any more.
        let _ = cart.add_line(line).await;
    }));
}
