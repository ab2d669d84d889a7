use sinew::{Channel, Server};

#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloRequest {
    #[prost(string, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloReply {
    #[prost(string, tag = "1")]
    pub message: String,
}

#[sinew::service(package = "hello.v1", timeout = "1s")]
pub trait Greeter {
    /// Greets who is named.
    #[rpc(no_side_effects, hash_key = name)]
    async fn say_hello(&self, req: HelloRequest) -> sinew::Result<HelloReply>;
}

struct Hello;

impl Greeter for Hello {
    async fn say_hello(&self, req: HelloRequest) -> sinew::Result<HelloReply> {
        let message = format!("Hello {}", req.name);
        Ok(HelloReply { message })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::new().add(greeter::server(Hello));
    let server = server.bind("127.0.0.1:0").await?;
    let greeter = greeter::Client::new(Channel::to(&server.url())?);
    let name = "you".into();
    tokio::spawn(server.until(std::future::pending::<()>()));
    println!(
        "{}",
        greeter.say_hello(HelloRequest { name }).await?.message
    );
    Ok(())
}
