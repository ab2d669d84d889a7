//! The two services: a cart, and the stock that it takes from.
//! They refuse to remember anything once their process ends.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sinew::details::{BadRequest, RetryInfo};
use sinew::{Context, Inbound, Outbound, Result, Status};

use crate::shop::v1::{Cart, Line, ListRequest, Price, Stock, Total, stock};

/// One cart, and the way to the stock.
pub struct Shop {
    stock: stock::Client,
    lines: Mutex<Vec<Line>>,
}

impl Shop {
    /// An empty cart.
    pub fn new(stock: stock::Client) -> Self {
        Self {
            stock,
            lines: Mutex::default(),
        }
    }

    fn put(&self, line: Line) -> Total {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        Total {
            lines: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        }
    }

    fn lines(&self) -> Vec<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }
}

impl Cart for Shop {
    async fn add_line(&self, cx: &Context, line: Line) -> Result<Total> {
        let tenant = cx.metadata().get("x-tenant").unwrap_or("nobody");
        cx.reply_metadata().insert("x-served-for", tenant);
        let taken = self.stock.take(line).await?; // within the time that our own caller has left
        Ok(self.put(taken))
    }

    async fn list(&self, _: &Context, _: ListRequest, out: &mut Outbound<Line>) -> Result<()> {
        for line in self.lines() {
            out.send(line).await?; // waits while 64 KiB are unsent
        }
        Ok(()) // OK follows the last message; an `Err` would be the status of the stream
    }

    async fn upload(&self, _: &Context, mut rx: Inbound<Line>) -> Result<Total> {
        let mut total = Total::default();
        while let Some(line) = rx.next().await? {
            if line.count == 0 {
                return Err(Status::invalid_argument("a line of nothing"));
            }
            total = self.put(line);
        }
        Ok(total)
    }

    async fn quote(
        &self,
        _: &Context,
        mut rx: Inbound<Line>,
        out: &mut Outbound<Price>,
    ) -> Result<()> {
        while let Some(line) = rx.next().await? {
            let cents = line.count.saturating_mul(99);
            out.send(Price { cents }).await?;
        }
        Ok(())
    }
}

/// A shelf of things that are all alike.
pub struct Warehouse {
    left: Mutex<u32>,
}

impl Warehouse {
    /// A shelf with so many things.
    pub fn with(left: u32) -> Self {
        Self {
            left: Mutex::new(left),
        }
    }

    fn take_from_shelf(&self, count: u32) -> Option<u32> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.checked_sub(count)?;
        Some(*left)
    }
}

impl Stock for Warehouse {
    async fn take(&self, _: &Context, line: Line) -> Result<Line> {
        if line.count == 0 {
            let wrong = BadRequest::violation("count", "must be above zero");
            return Err(Status::invalid_argument("nothing to take").with_detail(wrong));
        }
        if self.take_from_shelf(line.count).is_none() {
            let tomorrow = RetryInfo::after(Duration::from_secs(86_400));
            let sold_out = format!("there are not {} of {}", line.count, line.item);
            return Err(Status::failed_precondition(sold_out).with_detail(tomorrow));
        }
        Ok(line)
    }
}
