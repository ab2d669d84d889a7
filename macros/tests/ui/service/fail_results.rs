//! Results that are not what they look like, and types that are none or no messages: each is said once.

use sinew::Status;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Line {
    #[prost(string, tag = "1")]
    pub id: String,
}

pub struct NoMessage;

pub struct Mine;

mod other {
    pub struct Status;
}

mod short {
    pub type Result<T> = std::result::Result<T, crate::Mine>;
}

#[sinew::service(package = "shop.v1")]
pub trait Results {
    async fn short(&self, req: Line) -> short::Result<Line>;
    async fn io(&self, req: Line) -> std::io::Result<Line>;
    async fn status(&self, req: Line) -> Result<Line, other::Status>;
    async fn mine(&self, req: Line) -> Result<Line, Mine>;
    async fn right(&self, req: Line) -> Result<Line, Status>;
}

#[sinew::service(package = "shop.v1")]
pub trait Messages {
    async fn takes(&self, req: NoMessage) -> Result<Line, Status>;
    async fn gives(&self, req: Line) -> Result<NoMessage, Status>;
    async fn many(&self, req: Vec<Line>) -> Result<Line, Status>;
}

fn main() {}
