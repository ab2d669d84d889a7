use tonic::{Request, Response, Status, transport::Server};

use hello::{
    HelloReply, HelloRequest,
    greeter_server::{Greeter, GreeterServer},
};

pub mod hello {
    tonic::include_proto!("hello.v1");
}

struct Hello;

#[tonic::async_trait]
impl Greeter for Hello {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello {}", request.into_inner().name);
        Ok(Response::new(HelloReply { message }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = "127.0.0.1:50051".parse()?;
    let greeter = GreeterServer::new(Hello);
    Server::builder().add_service(greeter).serve(address).await?;
    Ok(())
}
