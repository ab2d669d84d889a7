//! A method that declares an error: the server that fails with it, one that passes it on, and the case of a client.
//!
//! Beside gRPC's own cases: only implementations with `proto/shop.proto` have it.

use sinew::codegen::prost::{Message, Name};
use sinew::codegen::prost_types::Any;
use sinew::{Channel, Code, Context, Status};

use crate::cases::{Failure, equal};
use crate::interop::v1::shop::{self, BuyError};
use crate::interop::v1::{Hint, Order, Receipt, Shop, SoldOut};

/// Everything is sold out.
#[derive(Debug)]
pub struct Empty;

impl Shop for Empty {
    async fn buy(&self, _: &Context, order: Order) -> Result<Receipt, BuyError> {
        if order.item != "pen" {
            return Err(Status::not_found("no such item").into());
        }
        let item = order.item;
        let error = BuyError::from(SoldOut { item, left: 2 }).with_message("only 2 left");
        let status = Status::from(error);
        let mut details = status.details().to_vec();
        details.push(hint());
        Err(status.with_details(details).into())
    }
}

/// Buys elsewhere, and passes on what comes.
struct Relay(shop::Client);

impl Shop for Relay {
    async fn buy(&self, _: &Context, order: Order) -> Result<Receipt, BuyError> {
        self.0.buy(order).await
    }
}

/// `declared_error`: the error is typed, what else there is is kept, and both pass through a relay unchanged.
pub(crate) async fn declared_error(shop: &shop::Client) -> Result<(), Failure> {
    let relay = Channel::in_process(shop::server(Relay(shop.clone())));
    let relay = shop::Client::new(relay);
    for shop in [shop, &relay] {
        let error = buy(shop, "pen").await?;
        equal("code", error.code(), Code::Unavailable)?;
        equal("message", error.message(), "only 2 left")?;
        let BuyError::SoldOut(error) = error else {
            return Err(Failure(format!("not typed: {error:?}")));
        };
        let item = "pen".to_owned();
        equal("detail", &*error, &SoldOut { item, left: 2 })?;
        let status = error.into_status();
        let names = status.details().iter().map(|detail| &*detail.type_url);
        let wanted = [SoldOut::type_url(), Hint::type_url()];
        equal(
            "details",
            names.collect(),
            wanted.iter().map(|w| &**w).collect::<Vec<_>>(),
        )?;
        equal("unknown detail", status.details().last(), Some(&hint()))?;

        let error = buy(shop, "cup").await?;
        equal("code", error.code(), Code::NotFound)?;
        equal("typed", matches!(error, BuyError::Status(_)), true)?;
    }
    Ok(())
}

async fn buy(shop: &shop::Client, item: &str) -> Result<BuyError, Failure> {
    let item = item.to_owned();
    match shop.buy(Order { item }).await {
        Ok(_) => Err(Failure("bought what is sold out".into())),
        Err(error) => Ok(error),
    }
}

fn hint() -> Any {
    let text = "try a pencil".to_owned();
    Any {
        type_url: Hint::type_url(),
        value: Hint { text }.encode_to_vec(),
    }
}
