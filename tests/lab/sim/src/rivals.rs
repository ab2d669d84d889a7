//! Other ways to choose among simulated nodes: tower's balancer, set up as its own example is, and what places by keys
//! alone.
//!
//! tower's times are stretched as the model's are.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use sinew::{
    KeyHash, Status,
    testing::{
        ring::Ring,
        sim::{Ask, Client, Direct},
    },
};
use tower::{
    Service,
    balance::p2c::Balance,
    discover::ServiceList,
    load::{CompleteOnResponse, PeakEwma},
    util::rng::Rng,
};

/// Seconds of tokio's clock for one of the model, as clusters have it unless told otherwise.
const STRETCH: u32 = 1000;

/// What tower's own example (`tower-balance.rs`) assumes of an endpoint that was not measured, and how fast it forgets.
const DEFAULT_RTT: Duration = Duration::from_millis(30);
const DECAY: Duration = Duration::from_secs(10);

type Calling = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// A client's calls by tower's `p2c` over `PeakEwma`.
pub(crate) fn tower(client: &Client) -> impl Fn(Ask) -> Calling + Send + Sync + use<> {
    let decay = (DECAY * STRETCH).as_nanos() as f64;
    let node = |node: Direct| {
        let completion = CompleteOnResponse::default();
        PeakEwma::new(Node(node), DEFAULT_RTT * STRETCH, decay, completion)
    };
    let nodes: Vec<_> = client.nodes().into_iter().map(node).collect();
    let random = SplitMix(u64::from(client.number()) + 1);
    let balance = Balance::from_rng(ServiceList::new(nodes), random);
    let balance = Arc::new(Mutex::new(balance));
    move |ask| {
        let balance = Arc::clone(&balance);
        Box::pin(async move {
            let lock = || balance.lock().unwrap_or_else(PoisonError::into_inner);
            let failed = |error: tower::BoxError| match error.downcast::<Status>() {
                Ok(status) => *status,
                Err(error) => Status::internal(error.to_string()),
            };
            // Each node is ready at all times, so that nobody else's place is taken here.
            poll_fn(|cx| lock().poll_ready(cx)).await.map_err(failed)?;
            let called = lock().call(ask);
            called.await.map_err(failed)
        })
    }
}

struct Node(Direct);

impl Service<Ask> for Node {
    type Response = ();
    type Error = Status;
    type Future = Calling;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, ask: Ask) -> Calling {
        let node = self.0.clone();
        Box::pin(async move { node.call(ask).await })
    }
}

/// SplitMix64.
struct SplitMix(u64);

impl Rng for SplitMix {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Who owns a key of the load, among nodes with these names as their slots.
pub(crate) fn owner(names: &[String]) -> impl Fn(u32) -> Option<usize> + use<> {
    let ring = Ring::new(names.iter().map(|name| (&**name, 100)));
    move |key| ring.candidates(hash(key)?).next()
}

/// A client's calls to the owners of their keys, whatever these have to do.
pub(crate) fn owner_alone(client: &Client) -> impl Fn(Ask) -> Calling + Send + Sync + use<> {
    let nodes = client.nodes();
    let names: Vec<String> = nodes.iter().map(|node| node.name().to_owned()).collect();
    let owner = owner(&names);
    by_key(nodes, owner)
}

/// A client's calls to the node that the hash of their key modulo the number of nodes names.
pub(crate) fn modulo(client: &Client) -> impl Fn(Ask) -> Calling + Send + Sync + use<> {
    let nodes = client.nodes();
    let count = nodes.len().max(1) as u64;
    by_key(nodes, move |key| usize::try_from(hash(key)? % count).ok())
}

fn by_key(
    nodes: Vec<Direct>,
    of: impl Fn(u32) -> Option<usize> + Send + Sync + 'static,
) -> impl Fn(Ask) -> Calling + Send + Sync {
    move |ask| {
        let node = ask.key.and_then(&of).and_then(|index| nodes.get(index));
        let node = node.cloned();
        Box::pin(async move {
            let no_key = || Status::invalid_argument("a call without a key");
            node.ok_or_else(no_key)?.call(ask).await
        })
    }
}

fn hash(key: u32) -> Option<u64> {
    KeyHash::of(&key).map(KeyHash::get)
}
