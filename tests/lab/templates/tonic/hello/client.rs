use hello::{HelloRequest, greeter_client::GreeterClient};

pub mod hello {
    tonic::include_proto!("hello.v1");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut greeter = GreeterClient::connect("http://127.0.0.1:50051").await?;
    let name = "you".into();
    let reply = greeter.say_hello(HelloRequest { name }).await?;
    println!("{}", reply.into_inner().message);
    Ok(())
}
