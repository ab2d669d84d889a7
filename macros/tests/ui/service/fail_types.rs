//! What only rustc can see, at the place where it is written.

use sinew::Result;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Line {
    #[prost(string, tag = "1")]
    pub cart_id: String,
    #[prost(double, tag = "2")]
    pub price: f64,
}

pub struct NoMessage;
pub struct NoError;

#[sinew::service(package = "shop.v1")]
pub trait Cart {
    #[rpc(hash_key = cart_idd)]
    async fn misspelt(&self, req: Line) -> Result<Line>;
    #[rpc(hash_key = price)]
    async fn no_key(&self, req: Line) -> Result<Line>;
    async fn no_message(&self, req: NoMessage) -> Result<Line>;
    async fn no_error(&self, req: Line) -> Result<Line, NoError>;
}

fn main() {}
