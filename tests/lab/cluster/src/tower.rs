//! tower's p2c over peak EWMA, as its own example (`tower-balance.rs`) sets it up, over channels of ours with one
//! endpoint each: connections and calls are the same, only the choice is not.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use lab_common::{DEADLINE, Failure};
use sinew::{Channel, Status};
use tower::{
    Service,
    balance::p2c::Balance,
    discover::ServiceList,
    load::{CompleteOnResponse, PeakEwma},
};

use crate::pb::{EchoMsg, echo};

const DEFAULT_RTT: Duration = Duration::from_millis(30);
const DECAY: Duration = Duration::from_secs(10);

type Calling = Pin<Box<dyn Future<Output = Result<EchoMsg, Status>> + Send>>;

type Services = ServiceList<Vec<PeakEwma<Endpoint>>>;

/// Clones share it.
#[derive(Clone)]
pub(crate) struct Tower(Arc<Mutex<Balance<Services, EchoMsg>>>);

impl Tower {
    pub(crate) async fn connect(urls: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut services = Vec::new();
        for url in urls {
            let channel = Channel::to(&url)?;
            channel.ready().await?;
            let endpoint = Endpoint(echo::Client::new(channel));
            let decay = DECAY.as_nanos() as f64;
            let completion = CompleteOnResponse::default();
            services.push(PeakEwma::new(endpoint, DEFAULT_RTT, decay, completion));
        }
        let balance = Balance::new(ServiceList::new(services));
        Ok(Self(Arc::new(Mutex::new(balance))))
    }

    pub(crate) async fn call(&self, message: EchoMsg) -> Result<EchoMsg, Status> {
        let failed = |error: tower::BoxError| match error.downcast::<Status>() {
            Ok(status) => *status,
            Err(error) => Status::internal(error.to_string()),
        };
        let mut message = Some(message);
        let placed = poll_fn(|cx| {
            let mut balance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Under one lock, so that nobody else takes the place that was found.
            balance
                .poll_ready(cx)
                .map_ok(|()| message.take().map(|message| balance.call(message)))
        });
        match placed.await.map_err(failed)? {
            Some(called) => called.await.map_err(failed),
            None => Err(Status::internal("placed twice")),
        }
    }
}

struct Endpoint(echo::Client);

impl Service<EchoMsg> for Endpoint {
    type Response = EchoMsg;
    type Error = Status;
    type Future = Calling;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: EchoMsg) -> Calling {
        let client = self.0.clone();
        Box::pin(async move { client.unary(message).timeout(DEADLINE).await })
    }
}
