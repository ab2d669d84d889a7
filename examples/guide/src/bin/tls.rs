//! A server that knows its callers by their certificates, and a caller of it, with the files that
//! [docs/tls.md](../../../../docs/tls.md) makes: `cargo run -p guide --bin tls -- FOLDER`.

use std::error::Error;
use std::path::PathBuf;

use guide::shop::v1::{Line, Stock, stock};
use sinew::tls::{ClientTls, ServerTls};
use sinew::{Channel, Context, Result, Server, Status};

/// A shelf for those whose certificate says that they are the checkout.
struct Shelf;

impl Stock for Shelf {
    async fn take(&self, cx: &Context, line: Line) -> Result<Line> {
        let certificate = cx.peer().certificate();
        match certificate.and_then(|certificate| certificate.spiffe_id()) {
            Some("spiffe://example.org/checkout") => Ok(line),
            _ => Err(Status::permission_denied("only for the checkout")),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("which folder has the files?")?;
    let file = |name: &str| PathBuf::from(&folder).join(name);

    let tls = ServerTls::builder(file("server.pem"), file("server.key"))
        .client_roots_pem_file(file("ca.pem"))
        .build()?;
    let server = Server::new().add(stock::server(Shelf)).tls(tls);
    let server = server.bind("127.0.0.1:0").await?;
    let url = server.url(); // https://127.0.0.1:…
    tokio::spawn(server.serve());

    let tls = ClientTls::builder()
        .roots_pem_file(file("ca.pem"))
        .identity_pem_files(file("client.pem"), file("client.key"))
        .build()?;
    let stock = stock::Client::new(Channel::builder(url).tls(tls).build()?);
    let (item, count) = ("pen".into(), 2);
    let taken = stock.take(Line { item, count }).await?;
    println!("taken: {} of {}", taken.count, taken.item);
    Ok(())
}
