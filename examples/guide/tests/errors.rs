//! A declared error, in process and over TCP; what layers and metrics see of it.

use std::sync::{Arc, Mutex};

use guide::orders::{Desk, place};
use guide::shop::v1::orders::{self, PlaceError};
use guide::shop::v1::{Closed, Order, SoldOut};
use sinew::observe::{Recorder, Side};
use sinew::{Channel, Code, Next, RawCall, RawReply, Result, Server, Status, Typed};

fn order(id: &str, buyer: &str) -> Order {
    let (order_id, buyer) = (id.to_owned(), buyer.to_owned());
    Order { order_id, buyer }
}

#[tokio::test]
async fn an_error_of_the_idl_is_typed_and_every_other_is_a_status() -> Result<()> {
    let full = orders::Client::new(Channel::in_process(orders::server(Desk { left: 1 })));
    let empty = orders::Client::new(Channel::in_process(orders::server(Desk { left: 0 })));
    assert_eq!(place(&full, order("pen", "ann")).await?, "pen for ann");
    assert_eq!(place(&empty, order("pen", "ann")).await?, "no pen today");
    let status = place(&empty, order("pen", "")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    Ok(())
}

#[tokio::test]
async fn layers_and_metrics_see_the_code_and_the_message_crosses_tcp() -> Result<()> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let audit = move |call: RawCall, next: Next| {
        let log = Arc::clone(&log);
        async move {
            let reply: Result<RawReply> = next.run(call).await;
            log.lock().unwrap().push(sinew::code_of(&reply));
            reply
        }
    };
    let recorder = Arc::new(Recorder::default());
    let server = Server::new().layer(sinew::from_fn(audit));
    let server = server.metrics(recorder.clone());
    let server = server.add(orders::server(Desk { left: 0 }));
    let bound = server.bind("127.0.0.1:0").await.map_err(Status::internal)?;
    let orders = orders::Client::new(Channel::to(&bound.url())?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(bound.until(async {
        let _ = stopped.await;
    }));
    let error = orders.place(order("pen", "ann")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::FailedPrecondition, "nothing is left")
    );
    assert!(matches!(&error, PlaceError::SoldOut(error) if error.item == "pen"));
    assert_eq!(*seen.lock().unwrap(), [Code::FailedPrecondition]);
    let place = orders::PLACE.spec().to_string();
    let counted = recorder.ended(Side::Server, &place, Code::FailedPrecondition);
    assert_eq!(counted, 1, "{:?}", recorder.lines());

    // Passed on by another handler, it is the same to that handler's caller.
    let again = PlaceError::from(Status::from(error));
    assert!(matches!(again, PlaceError::SoldOut(error) if error.status().details().len() == 1));

    // An error that does not fit into the trailers leaves its code and its message.
    let item = "x".repeat(60_000);
    let error = orders.place(order(&item, "ann")).await.unwrap_err();
    assert!(matches!(&error, PlaceError::Status(_)), "{error:?}");
    assert_eq!(
        (error.code(), error.message()),
        (Code::FailedPrecondition, "nothing is left")
    );
    drop(stop);
    serving.await.unwrap().map_err(Status::internal)?;
    Ok(())
}

/// For several methods, and for those that declare nothing.
#[derive(Debug, sinew::DomainError)]
enum ShopError {
    SoldOut(Typed<SoldOut>),
    #[error(code = "UNAVAILABLE", message = "we are closed")]
    Closed(Typed<Closed>),
    Status(Status),
}

#[tokio::test]
async fn an_enum_of_ones_own_reads_what_a_generated_one_sent() {
    let orders = orders::Client::new(Channel::in_process(orders::server(Desk { left: 0 })));
    let buy = async |id: &str, buyer: &str| -> Result<String, ShopError> {
        let placed = orders.place(order(id, buyer)).await;
        Ok(placed.map_err(Status::from)?.text)
    };
    let error = buy("pen", "ann").await.unwrap_err();
    assert_eq!(error.message(), "nothing is left");
    assert!(matches!(&error, ShopError::SoldOut(error) if error.item == "pen"));
    let again = PlaceError::from(Status::from(error));
    assert!(matches!(again, PlaceError::SoldOut(error) if error.item == "pen"));
    assert!(matches!(buy("pen", "").await, Err(ShopError::Status(_))));

    let closed = Status::from(ShopError::from(Closed::default()));
    assert_eq!(closed.to_string(), "UNAVAILABLE: we are closed");
    assert!(matches!(PlaceError::from(closed), PlaceError::Closed(_)));
}

#[test]
fn an_error_is_called_by_its_name_unless_something_is_said() {
    let error = PlaceError::from(SoldOut { item: "pen".into() });
    assert_eq!(error.to_string(), "FAILED_PRECONDITION: shop.v1.SoldOut");
}
