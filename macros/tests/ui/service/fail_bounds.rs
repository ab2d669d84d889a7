pub struct Plain;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Line {}

#[sinew::service]
pub trait Cart {
    async fn add(&self, req: Plain) -> sinew::Result<Line>;
    async fn fails(&self, req: Line) -> Result<Line, String>;
}

fn main() {}
