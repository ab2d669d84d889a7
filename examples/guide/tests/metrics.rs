//! What Prometheus reads, over HTTP/1.1 as it asks.

use guide::metrics::app;
use guide::service::{Shop, Warehouse};
use guide::shop::v1::{Line, cart, stock};
use sinew::observe::Prometheus;
use sinew::{Channel, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn calls_are_shown_on_the_port_that_they_came_to() {
    let metrics = Prometheus::new();
    let stock = Channel::builder("http://unused:1").metrics(metrics.clone());
    let stock = stock.build_in_process(stock::server(Warehouse::with(5)));
    let shop = Shop::new(stock::Client::new(stock));
    let app = app(Server::new().add(cart::server(shop)), metrics).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let cart = cart::Client::new(Channel::to(&format!("http://{addr}")).unwrap());
    let line = |count| Line {
        item: "pen".into(),
        count,
    };
    cart.add_line(line(5)).await.unwrap();
    cart.add_line(line(1)).await.unwrap_err();

    let mut io = TcpStream::connect(addr).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    io.write_all(request.as_bytes()).await.unwrap();
    let mut shown = String::new();
    io.read_to_string(&mut shown).await.unwrap();
    assert!(shown.starts_with("HTTP/1.1 200"), "{shown}");
    assert!(shown.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    for line in [
        "sinew_server_calls_total{method=\"shop.v1.Cart/AddLine\",code=\"OK\"} 1",
        "sinew_server_calls_total{method=\"shop.v1.Cart/AddLine\",code=\"FAILED_PRECONDITION\"} 1",
        "sinew_client_attempts_total{method=\"shop.v1.Stock/Take\"} 2",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} in {shown}"
        );
    }
}
