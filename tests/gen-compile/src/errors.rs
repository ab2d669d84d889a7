//! Declared errors through calls of all four shapes, in process.

use sinew::{Channel, Code, Context, Inbound, Outbound, Result, Status};

use crate::case_48_errors::both::shop::v1::{
    Order, Orders, Receipt, SoldOut, order,
    orders::{self, BarterError, CollectError, FollowError, PlaceError},
};

struct Shop;

/// Fails with what the item is called.
fn sell(item: String) -> Result<Receipt, SoldOut> {
    match &*item {
        "pen" => Err(SoldOut { left: 2 }),
        _ => Ok(Receipt { item }),
    }
}

impl Orders for Shop {
    async fn place(&self, _: &Context, order: Order) -> Result<Receipt, PlaceError> {
        match &*order.item {
            "closed" => Err(order::Closed {
                until: "nine".into(),
            }
            .into()),
            "plain" => Err(Status::not_found("no such item").into()),
            _ => Ok(sell(order.item)?),
        }
    }

    async fn follow(
        &self,
        _: &Context,
        order: Order,
        out: &mut Outbound<Receipt>,
    ) -> Result<(), FollowError> {
        out.send(Receipt::default()).await?;
        out.send(sell(order.item)?).await?;
        Ok(())
    }

    async fn collect(&self, _: &Context, mut rx: Inbound<Order>) -> Result<Receipt, CollectError> {
        let mut last = Receipt::default();
        while let Some(order) = rx.next().await? {
            last = sell(order.item)?;
        }
        Ok(last)
    }

    async fn barter(
        &self,
        _: &Context,
        mut rx: Inbound<Order>,
        out: &mut Outbound<Receipt>,
    ) -> Result<(), BarterError> {
        while let Some(order) = rx.next().await? {
            out.send(sell(order.item)?).await?;
        }
        Ok(())
    }

    async fn cancel(&self, _: &Context, _: Order) -> Result<Receipt> {
        Err(Status::from(PlaceError::from(SoldOut { left: 7 })))
    }
}

fn shop() -> orders::Client {
    orders::Client::new(Channel::in_process(orders::server(Shop)))
}

fn order(item: &str) -> Order {
    Order { item: item.into() }
}

#[tokio::test]
async fn unary_calls_fail_with_what_is_declared() {
    let shop = shop();
    assert_eq!(
        shop.place(order("cup")).await.map(|one| one.item).ok(),
        Some("cup".into())
    );
    let error = shop.place(order("pen")).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(matches!(error, PlaceError::SoldOut(error) if error.left == 2));
    let error = shop.place(order("closed")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(matches!(error, PlaceError::Closed(error) if error.until == "nine"));
    let error = shop
        .place(order("plain"))
        .with_response()
        .await
        .unwrap_err();
    assert!(matches!(error, PlaceError::Status(error) if error.message() == "no such item"));
}

#[tokio::test]
async fn streams_fail_with_a_status_that_becomes_the_error() -> Result<(), FollowError> {
    let mut receipts = shop().follow(order("pen")).await?;
    assert_eq!(receipts.next().await?, Some(Receipt::default()));
    let error = FollowError::from(receipts.next().await.unwrap_err());
    assert!(matches!(error, FollowError::SoldOut(error) if error.left == 2));

    let (mut say, mut heard) = shop().barter().await.map_err(Status::from)?;
    say.send(order("pen")).await?;
    let error = BarterError::from(heard.next().await.unwrap_err());
    assert!(matches!(error, BarterError::SoldOut(_)));
    Ok(())
}

#[tokio::test]
async fn the_reply_to_a_stream_fails_with_what_is_declared() -> Result<(), CollectError> {
    let (mut orders, receipt) = shop().collect().await?;
    orders.send(order("pen")).await?;
    orders.finish();
    assert!(matches!(receipt.await, Err(CollectError::SoldOut(error)) if error.left == 2));
    Ok(())
}

#[tokio::test]
async fn who_does_not_know_the_error_has_a_status() {
    let status = shop().cancel(order("pen")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "shop.v1.SoldOut")
    );
    assert!(matches!(PlaceError::from(status), PlaceError::SoldOut(error) if error.left == 7));
}
