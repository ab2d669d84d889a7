//! What only rustc can see, at the place where it is written. That a type is no message or no key it says, too, with
//! lists of others that depend on what else is compiled: those are not held to the letter here.

use sinew::Result;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Line {
    #[prost(string, tag = "1")]
    pub cart_id: String,
}

#[sinew::service(package = "shop.v1")]
pub trait Cart {
    #[rpc(hash_key = cart_idd)]
    async fn misspelt(&self, req: Line) -> Result<Line>;
}

fn main() {}
