//! A service that is written in Rust, over messages of an IDL: the server, and the case of a client.
//!
//! Other implementations have it from `exported/ledger.proto`, which its export prints.

use sinew::{Context, Inbound, Outbound, Result, Status};

use crate::cases::{Failure, equal};
use crate::interop::v1::{Hint, Order, SoldOut};

/// What was sold.
#[sinew::service(package = "interop.v1")]
pub trait Ledger {
    /// Gives the item back, with the number of its letters.
    #[rpc(idempotent, timeout = "5s", hash_key = item)]
    async fn enter(&self, req: Order) -> Result<SoldOut>;
    /// Says "1", "2" … as often as the item has letters.
    async fn count(&self, req: Order, out: &mut Outbound<Hint>) -> Result<()>;
    /// Gives all items back, one behind the other.
    async fn collect(&self, rx: Inbound<Order>) -> Result<Hint>;
    /// Gives each item back; an empty one is INVALID_ARGUMENT.
    async fn talk(&self, cx: &Context, rx: Inbound<Order>, out: &mut Outbound<Hint>) -> Result<()>;
}

/// It remembers nothing.
#[derive(Debug)]
pub struct Blank;

impl Ledger for Blank {
    async fn enter(&self, Order { item }: Order) -> Result<SoldOut> {
        let left = letters(&item);
        Ok(SoldOut { item, left })
    }

    async fn count(&self, order: Order, out: &mut Outbound<Hint>) -> Result<()> {
        for number in 1..=letters(&order.item) {
            let text = number.to_string();
            out.send(Hint { text }).await?;
        }
        Ok(())
    }

    async fn collect(&self, mut rx: Inbound<Order>) -> Result<Hint> {
        let mut text = String::new();
        while let Some(order) = rx.next().await? {
            text.push_str(&order.item);
        }
        Ok(Hint { text })
    }

    async fn talk(
        &self,
        _: &Context,
        mut rx: Inbound<Order>,
        out: &mut Outbound<Hint>,
    ) -> Result<()> {
        while let Some(Order { item: text }) = rx.next().await? {
            if text.is_empty() {
                return Err(Status::invalid_argument("an item without a name"));
            }
            out.send(Hint { text }).await?;
        }
        Ok(())
    }
}

fn letters(item: &str) -> u32 {
    u32::try_from(item.chars().count()).unwrap_or(u32::MAX)
}

/// `exported_service`: all four shapes.
pub(crate) async fn exported_service(ledger: &ledger::Client) -> Result<(), Failure> {
    let order = |item: &str| Order { item: item.into() };
    let entered = ledger.enter(order("pen")).await?;
    let wanted = SoldOut {
        item: "pen".into(),
        left: 3,
    };
    equal("entered", entered, wanted)?;

    let mut counted = ledger.count(order("pen")).await?;
    let mut said = Vec::new();
    while let Some(hint) = counted.next().await? {
        said.push(hint.text);
    }
    equal("counted", said, ["1", "2", "3"].map(String::from).to_vec())?;

    let (mut orders, collected) = ledger.collect().await?;
    for item in ["pen", "cup"] {
        orders.send(order(item)).await?;
    }
    orders.finish();
    equal("collected", collected.await?.text, "pencup".to_owned())?;

    let (mut say, mut heard) = ledger.talk().await?;
    say.send(order("pen")).await?;
    let first = heard.next().await?.map(|hint| hint.text);
    equal("heard", first, Some("pen".to_owned()))?;
    say.send(order("")).await?;
    let end = heard.next().await.map_err(|status| status.code());
    equal("end", end.err(), Some(sinew::Code::InvalidArgument))
}
