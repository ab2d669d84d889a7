//! What a method needs, beside the IDL: a file that is read again while the process runs, and the table of what holds.
//! It refuses to call anything.

use crate::shop::v1::{orders, stock};
use sinew::{Channel, Policies, Server, Skeleton, Status};

/// A channel whose calls have what the file says, from now on and whenever it changes.
pub fn channel(url: &str) -> Result<Channel, Status> {
    let channel = Channel::builder(url).policy_file("policy.json")?.build()?;
    println!("{}", effective(&channel));
    Ok(channel)
}

/// What holds for each method, and who says it.
pub fn effective(channel: &Channel) -> Policies {
    channel.policies(&[&orders::SERVICE, &stock::SERVICE])
}

/// A server takes requests as large as the file says; it knows its services.
pub async fn serve(services: Vec<Skeleton>) -> std::io::Result<()> {
    let server = Server::new().add(services).policy_file("policy.json")?;
    println!("{}", server.policies());
    server.serve("127.0.0.1:50051").await
}
