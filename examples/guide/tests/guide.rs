//! Runs the code of the README, most of it without a port.
//! It refuses to wait for anything but what it asked for.

use std::error::Error;
use std::time::Duration;

use guide::service::{Shop, Warehouse};
use guide::shop::v1::{Line, Stock, cart, stock};
use guide::{calls, middleware, mount};
use sinew::details::RetryInfo;
use sinew::{Channel, Code, Context, Next, RawCall, Server, Skeleton};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[tokio::test(start_paused = true)]
async fn a_cart_takes_only_what_is_there() {
    let stock = Channel::in_process(stock::server(Warehouse::with(5)));
    let shop = Shop::new(stock::Client::new(stock));
    let cart = cart::Client::new(Channel::in_process(cart::server(shop)));

    assert_eq!(cart.add_line(pens(5)).await.unwrap().lines, 1);
    let sold_out = cart.add_line(pens(1)).await.unwrap_err();
    assert_eq!(sold_out.code(), Code::FailedPrecondition);
}

fn pens(count: u32) -> Line {
    let item = "pen".into();
    Line { item, count }
}

fn shop(stock: impl Stock) -> Skeleton {
    let channel = Channel::in_process(stock::server(stock));
    cart::server(Shop::new(stock::Client::new(channel)))
}

fn client(skeleton: Skeleton) -> cart::Client {
    cart::Client::new(Channel::in_process(skeleton))
}

#[tokio::test(start_paused = true)]
async fn streams_carry_all_messages() {
    let cart = client(shop(Warehouse::with(0)));
    assert_eq!(calls::streams(&cart).await.unwrap(), [2, 6, 297]);
}

#[tokio::test]
async fn an_upload_that_its_server_ends_early_says_why() {
    let url = listen(Server::new().add(shop(Warehouse::with(0)))).await;
    let afar = cart::Client::new(Channel::to(&url).unwrap());
    for cart in [client(shop(Warehouse::with(0))), afar] {
        // More than the buffers on the way hold, so that sending has to fail.
        let all = vec![pens(0); 100_000];
        let refused = calls::upload(&cart, all).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert_eq!(refused.message(), "a line of nothing");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_no_complete_upload() {
    let channel = Channel::builder("http://127.0.0.1:1").max_request_bytes(2);
    let channel = channel.build_in_process(shop(Warehouse::with(0)));
    let refused = calls::upload(&cart::Client::new(channel), vec![pens(1)]).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_with_the_stream() {
    let cart = client(shop(Warehouse::with(5)));
    cart.add_line(pens(1)).await.unwrap();
    assert_eq!(calls::patience(&cart).await.unwrap(), 1);
}

/// A stock that fails for a reason of its own.
struct Broken;

impl Stock for Broken {
    async fn take(&self, _: &Context, _: Line) -> sinew::Result<Line> {
        Err(sinew::Status::internal("the shelf fell down"))
    }
}

#[tokio::test(start_paused = true)]
async fn layers_see_sources_and_callers_do_not() {
    let (tell, mut told) = unbounded_channel();
    let server = Server::new()
        .layer(sinew::from_fn(move |call: RawCall, next: Next| {
            let tell = tell.clone();
            async move {
                let reply = next.run(call).await;
                let source = reply.as_ref().err().and_then(|status| status.source());
                let _ = tell.send(source.map(ToString::to_string));
                reply
            }
        }))
        .add(stock::server(Broken));
    let stock = stock::Client::new(Channel::in_process(server));
    let failed = stock.take(pens(1)).await.unwrap_err();
    assert_eq!(failed.message(), "internal error");
    assert!(failed.source().is_none());
    let source = told.recv().await.unwrap();
    assert_eq!(source.as_deref(), Some("the shelf fell down"));
}

#[tokio::test(start_paused = true)]
async fn details_come_through_two_services() {
    let cart = client(shop(Warehouse::with(5)));
    assert_eq!(calls::errors(&cart, pens(2)).await.unwrap(), "1 lines");
    assert_eq!(calls::errors(&cart, pens(0)).await.unwrap(), "wrong: count");
    let sold_out = calls::errors(&cart, pens(9)).await.unwrap_err();
    assert_eq!(sold_out.message(), "there are not 9 of pen");
    assert!(
        sold_out
            .to_string()
            .starts_with("shop.v1.Cart/AddLine: FAILED_PRECONDITION")
    );
    let retry: RetryInfo = sold_out.detail().unwrap();
    assert_eq!(retry.delay(), Some(Duration::from_secs(86_400)));
}

/// A stock that answers nobody, and tells how long its callers wait.
struct Silent(UnboundedSender<Option<Duration>>);

impl Stock for Silent {
    async fn take(&self, cx: &Context, _: Line) -> sinew::Result<Line> {
        let _ = self.0.send(cx.remaining());
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn options_and_deadlines_reach_the_handlers() {
    let cart = client(shop(Warehouse::with(5)));
    let (total, served_for) = calls::options(&cart, pens(1)).await.unwrap();
    assert_eq!((total.lines, &*served_for), (1, "acme"));

    let (tell, mut waits) = unbounded_channel();
    let late = calls::options(&client(shop(Silent(tell))), pens(1)).await;
    assert_eq!(late.unwrap_err().code(), Code::DeadlineExceeded);
    // The caller's time goes with the call, through the cart to the stock.
    assert_eq!(waits.recv().await, Some(Some(Duration::from_millis(250))));
}

#[tokio::test(start_paused = true)]
async fn calls_run_side_by_side() {
    let cart = client(shop(Warehouse::with(5)));
    assert_eq!(calls::together(&cart, pens(1)).await.unwrap(), 2);
}

/// A stock whose handler leaves work behind.
struct Afterwards(cart::Client);

impl Stock for Afterwards {
    async fn take(&self, cx: &Context, line: Line) -> sinew::Result<Line> {
        calls::afterwards(cx, self.0.clone(), pens(1));
        Ok(line)
    }
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_after_its_handler() {
    let (tell, mut waits) = unbounded_channel();
    let other = client(shop(Silent(tell)));
    let cart = client(shop(Afterwards(other)));
    calls::options(&cart, pens(1)).await.unwrap();
    // A channel's default, and not what is left of the caller's 250 ms.
    assert_eq!(waits.recv().await, Some(Some(Duration::from_secs(10))));
}

/// The server and what listens for it.
async fn listen(server: Server) -> String {
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let url = bound.url();
    tokio::spawn(bound.serve());
    url
}

#[tokio::test]
async fn middleware_is_passed_on_both_sides() {
    let url = listen(middleware::server(shop(Warehouse::with(5)))).await;
    let knows = cart::Client::new(middleware::channel(&url).unwrap());
    assert_eq!(knows.add_line(pens(1)).await.unwrap().lines, 1);
    let stranger = cart::Client::new(Channel::to(&url).unwrap());
    let refused = stranger.add_line(pens(1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(refused.message(), "say the word");
}

#[tokio::test]
async fn axum_serves_both_on_one_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(mount::serve(listener, shop(Warehouse::with(5))));

    let cart = cart::Client::new(Channel::to(&format!("http://{addr}")).unwrap());
    assert_eq!(calls::streams(&cart).await.unwrap(), [2, 6, 297]);
    let refused = cart.add_line(pens(9)).await.unwrap_err();
    assert_eq!(refused.message(), "there are not 9 of pen");

    let mut http = TcpStream::connect(addr).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    http.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    http.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("well"),
        "{answer}"
    );
}
