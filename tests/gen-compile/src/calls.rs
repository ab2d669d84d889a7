//! All four shapes, called in process: a client that was generated alone, and a server that was, have only the wire in
//! common.

use sinew::{Channel, Context, Inbound, Outbound, Result, codegen::prost_types};

use crate::case_26_shapes::{
    client::shop::v1 as there,
    server::shop::v1::{self as here, CartService, cart_service},
};

struct Cart;

impl CartService for Cart {
    async fn add_line(&self, _: &Context, req: here::AddLineRequest) -> Result<here::AddLineReply> {
        match req.line {
            Some(_) => Ok(here::AddLineReply {}),
            None => Err(sinew::Status::invalid_argument("no line")),
        }
    }

    async fn upload(&self, _: &Context, mut rx: Inbound<here::Line>) -> Result<()> {
        let mut all = String::new();
        while let Some(line) = rx.next().await? {
            all.push_str(&line.sku);
        }
        if all == "abc" {
            Ok(())
        } else {
            Err(sinew::Status::invalid_argument(all))
        }
    }

    async fn watch(
        &self,
        _: &Context,
        (): (),
        out: &mut Outbound<prost_types::Timestamp>,
    ) -> Result<()> {
        for seconds in 1..=3 {
            out.send(prost_types::Timestamp { seconds, nanos: 0 })
                .await?;
        }
        Ok(())
    }

    async fn chat(
        &self,
        _: &Context,
        mut rx: Inbound<prost_types::Any>,
        out: &mut Outbound<here::Line>,
    ) -> Result<()> {
        while let Some(any) = rx.next().await? {
            out.send(here::Line { sku: any.type_url }).await?;
        }
        Ok(())
    }

    async fn nothing(&self, _: &Context, (): ()) -> Result<()> {
        Ok(())
    }
}

fn line(sku: &str) -> there::Line {
    there::Line {
        sku: sku.to_owned(),
    }
}

#[tokio::test]
async fn every_shape_carries_its_messages() -> Result<()> {
    let cart = there::cart_service::Client::new(Channel::in_process(cart_service::server(Cart)));

    let request = there::AddLineRequest {
        line: Some(line("pen")),
    };
    assert_eq!(cart.add_line(request).await?, there::AddLineReply {});
    let refused = cart.add_line(there::AddLineRequest { line: None }).await;
    assert_eq!(refused.unwrap_err().code(), sinew::Code::InvalidArgument);
    cart.nothing(()).await?;

    let (mut lines, done) = cart.upload().await?;
    for sku in ["a", "b", "c"] {
        lines.send(line(sku)).await?;
    }
    lines.finish();
    done.await?;

    let mut times = cart.watch(()).await?;
    let mut seen = Vec::new();
    while let Some(time) = times.next().await? {
        seen.push(time.seconds);
    }
    assert_eq!(seen, [1, 2, 3]);

    #[allow(deprecated, reason = "it is still to work")]
    let (mut say, mut heard) = cart.chat().await?;
    for word in ["to", "and fro"] {
        say.send(prost_types::Any {
            type_url: word.to_owned(),
            value: Vec::new(),
        })
        .await?;
        assert_eq!(heard.next().await?, Some(line(word)));
    }
    say.finish();
    assert_eq!(heard.next().await?, None);
    Ok(())
}

#[test]
fn descriptors_are_embedded_and_named() {
    let file = crate::case_26_shapes::both::DESCRIPTORS;
    let name = b"shop.v1";
    assert!(file.windows(name.len()).any(|window| window == name));
    assert_eq!(cart_service::NAME, "shop.v1.CartService");
}
