//! A type that is not there: rustc misses it in the trait and in the module, and nowhere else.

#[sinew::service(package = "shop.v1")]
pub trait Unknown {
    #[rpc(hash_key = id)]
    async fn takes(&self, req: Item) -> sinew::Result<()>;
}

fn main() {}
