//! Signatures that no caller on another machine could call: all of it is said, each at its own place.

use sinew::{Context, Inbound, Outbound, Result};

#[sinew::service(package = "shop.v1")]
trait Cart {
    fn not_async(&self, req: ()) -> Result<()>;
    async fn no_self(req: ()) -> Result<()>;
    async fn by_value(self, req: ()) -> Result<()>;
    async fn exclusive(&mut self, req: ()) -> Result<()>;
    async fn generic<T>(&self, req: T) -> Result<()>;
    async fn lifetime<'a>(&'a self, req: ()) -> Result<()>;
    async fn pattern(&self, (): ()) -> Result<()>;
    async fn wildcard(&self, _: ()) -> Result<()>;
    async fn no_result(&self, req: ()) -> u32;
    async fn nothing(&self) -> Result<()>;
    async fn two(&self, item: (), count: u32) -> Result<()>;
    async fn late_context(&self, req: (), cx: &Context) -> Result<()>;
    async fn replies_by_value(&self, req: (), out: Outbound<()>) -> Result<()>;
    async fn requests_by_reference(&self, rx: &mut Inbound<()>) -> Result<()>;
    async fn replies_twice(&self, req: (), out: &mut Outbound<()>) -> Result<u32>;
    unsafe fn dangerous(&self, req: ()) -> Result<()>;
    async fn clone(&self, req: ()) -> Result<()>;
    const LIMIT: u32;
    type Item;
}

// What is wrong is said of the trait alone: what uses it compiles.
#[sinew::service(package = "shop.v1")]
trait Stock {
    async fn take(&self, req: (), count: u32) -> Result<()>;
}

struct Mine;

impl Stock for Mine {
    async fn take(&self, _: (), _: u32) -> Result<()> {
        Ok(())
    }
}

fn served() -> sinew::Skeleton {
    stock::server(Mine)
}

fn main() {}
