//! The server of hello, as tools see it that were not compiled for it: it describes itself, and says how it is.
//! `cargo run -p hello --example reflection`, and then `grpcurl -plaintext 127.0.0.1:50051 list`.

sinew::include_idl!();
use hello::v1::{Greeter, HelloReply, HelloRequest, greeter};

struct Hello;

impl Greeter for Hello {
    async fn say_hello(&self, _: &sinew::Context, req: HelloRequest) -> sinew::Result<HelloReply> {
        let message = format!("Hello {}", req.name);
        Ok(HelloReply { message })
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let greeter = greeter::server(Hello);
    let server = sinew::Server::new().add(greeter).reflection();
    let health = server.health(); // grpc.health.v1, which every server has
    health.set_not_serving("hello.v1.Greeter"); // until it may be called
    tokio::spawn(async move {
        // … fill caches, reach the database …
        health.set_serving("hello.v1.Greeter");
    });
    server.serve("127.0.0.1:50051").await
}
