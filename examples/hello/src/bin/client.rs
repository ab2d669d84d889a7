sinew::include_idl!();
use hello::v1::{HelloRequest, greeter};

#[tokio::main]
async fn main() -> sinew::Result<()> {
    let greeter = greeter::Client::new(sinew::Channel::to("http://127.0.0.1:50051")?);
    let name = "you".into();
    let reply = greeter.say_hello(HelloRequest { name }).await?;
    println!("{}", reply.message);
    Ok(())
}
