//! Orders: a method that fails with what its IDL declares, and a caller that acts on it.
//! They refuse to remember an order.

use sinew::{Context, Outbound, Result, Status};

use crate::shop::v1::{
    Order, Orders, Receipt, SoldOut,
    orders::{self, PlaceError},
};

/// Takes orders, as long as there is something to sell.
pub struct Desk {
    /// How many pieces are left.
    pub left: u32,
}

impl Orders for Desk {
    async fn place(&self, _: &Context, order: Order) -> Result<Receipt, PlaceError> {
        if order.buyer.is_empty() {
            return Err(Status::invalid_argument("who is the buyer?").into());
        }
        if self.left == 0 {
            let item = order.order_id;
            return Err(PlaceError::from(SoldOut { item }).with_message("nothing is left"));
        }
        let text = format!("{} for {}", order.order_id, order.buyer);
        Ok(Receipt { text })
    }

    async fn status(&self, _: &Context, order: Order) -> Result<Receipt> {
        Err(Status::not_found(format!("no order {}", order.order_id)))
    }

    async fn follow(&self, _: &Context, order: Order, out: &mut Outbound<Receipt>) -> Result<()> {
        out.send(Receipt {
            text: order.order_id,
        })
        .await?;
        Ok(())
    }
}

/// Places an order, and tells its outcome.
///
/// # Errors
/// Every failure but that the item is sold out.
pub async fn place(orders: &orders::Client, order: Order) -> Result<String> {
    match orders.place(order).await {
        Ok(receipt) => Ok(receipt.text),
        Err(PlaceError::SoldOut(error)) => Ok(format!("no {} today", error.item)),
        Err(error) => Err(error.into()),
    }
}
