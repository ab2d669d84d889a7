//! What stands around the message of a method, and has no place there.

use sinew::{Context, Inbound, Outbound, Result};

#[sinew::service(package = "shop.v1")]
trait Arguments {
    async fn two_contexts(&self, cx: &Context, more: &Context, req: ()) -> Result<()>;
    async fn owned_context(&self, cx: Context, req: ()) -> Result<()>;
    async fn late_requests(&self, out: &mut Outbound<()>, rx: Inbound<()>) -> Result<()>;
    async fn two_outbounds(&self, req: (), a: &mut Outbound<()>, b: &mut Outbound<()>) -> Result<()>;
    async fn bare_inbound(&self, rx: Inbound) -> Result<()>;
    async fn no_name(&self, req: (u32, u32)) -> Result<()>;
    async fn borrowed(&self, req: &'static str) -> Result<()>;
    async fn mutable(&self, mut req: ()) -> Result<()>;
    async fn bounded(&self, req: ()) -> Result<()>
    where
        (): Clone;
    const fn constant(&self, req: ()) -> Result<()>;
    extern "C" fn foreign(&self, req: ()) -> Result<()>;
    async fn three(&self, req: ()) -> Result<(), (), ()>;
    async fn nothing_back(&self, req: ());
    #[rpc(cx)]
    async fn no_context(&self, req: ()) -> Result<()>;
    #[rpc(timeout =)]
    async fn no_value(&self, req: ()) -> Result<()>;
    #[rpc(retry = 3, hedge)]
    async fn no_list(&self, req: ()) -> Result<()>;
    #[rpc(user_key = id, hash_key = 7)]
    async fn no_field(&self, rx: Inbound<()>) -> Result<()>;
}

#[sinew::service(package = "shop.v1")]
trait Bounds
where
    Self: Sized,
{
    async fn get(&self, req: ()) -> Result<()>;
}

fn main() {}
