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
    greeter::server(Hello).serve("127.0.0.1:50051").await
}
