//! What is wrong with a trait is said of it alone: calls compile, but of a method that does not say what they would be.

use sinew::{Context, Outbound, Result};

#[sinew::service(package = "shop.v1")]
trait Cart {
    fn not_async(&self, req: String) -> Result<()>;
    async fn exclusive(&mut self, req: String) -> Result<()>;
    async fn late_context(&self, req: String, cx: &Context) -> Result<()>;
    async fn replies_twice(&self, req: String, out: &mut Outbound<String>) -> Result<u32>;
    #[rpc(timeout = "soon")]
    async fn when(&self, req: String) -> Result<()>;
    async fn two(&self, item: String, count: u32) -> Result<()>;
}

async fn called(client: &cart::Client) -> Result<()> {
    client.not_async(String::new()).await?;
    client.exclusive(String::new()).await?;
    client.late_context(String::new()).await?;
    let _ = client.replies_twice(String::new()).await?;
    client.when(String::new()).await?;
    client.two(String::new(), 1).await
}

fn main() {}
