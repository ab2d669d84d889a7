//! Opens TCP connections and Unix sockets, address after address within one
//! budget.
//! It keeps none of them, and remembers nothing of what failed.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{Cause, ConnectError, Failure, Tried};
use super::{CONNECT_BUDGET, Connect};
use crate::transport::stream::Stream;
use crate::transport::target::Target;

/// Addresses of one name that are tried before the attempt counts as failed.
const TRIED_AT_MOST: usize = 8;

/// Budgets are cut to this, so that adding one to a clock cannot overflow.
const LONGEST_BUDGET: Duration = Duration::from_secs(24 * 3600);

/// What a channel uses unless it is given a connector: looks the name up, and
/// tries the addresses in the resolver's order with the families taken in
/// turn, each for its share of the budget that is left. `TCP_NODELAY` is set.
#[derive(Clone, Debug)]
pub struct SocketConnector {
    budget: Duration,
}

impl SocketConnector {
    /// A connector with a budget of 5 s for the name and all addresses.
    pub fn new() -> Self {
        Self {
            budget: CONNECT_BUDGET,
        }
    }

    /// Sets the budget for the name and all addresses together.
    #[must_use]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }
}

impl Default for SocketConnector {
    fn default() -> Self {
        Self::new()
    }
}

impl Connect for SocketConnector {
    type Io = Stream;

    async fn connect(&self, target: &Target) -> io::Result<Stream> {
        Ok(open(target, self.budget).await?)
    }
}

/// Opens one connection to `target`, within `budget`.
pub(super) async fn open(target: &Target, budget: Duration) -> Result<Stream, ConnectError> {
    let opened = match target {
        Target::Tcp { host, port, .. } => open_tcp(host, *port, budget).await.map(Stream::from),
        Target::Unix(path) => open_unix(path, budget).await,
    };
    opened.map_err(|cause| ConnectError::new(target, cause))
}

async fn open_unix(path: &Path, budget: Duration) -> Result<Stream, Cause> {
    match timeout(budget, UnixStream::connect(path)).await {
        Ok(Ok(unix)) => Ok(unix.into()),
        Ok(Err(error)) => Err(Cause::Socket(Failure::Io(error))),
        Err(_) => Err(Cause::Socket(Failure::Timeout(budget))),
    }
}

async fn open_tcp(host: &str, port: u16, budget: Duration) -> Result<TcpStream, Cause> {
    let deadline = Instant::now() + budget.min(LONGEST_BUDGET);
    let addresses = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => match timeout_at(deadline, lookup_host((host, port))).await {
            Ok(Ok(found)) => in_turn(found.collect()),
            Ok(Err(error)) => return Err(Cause::Lookup(error)),
            Err(_) => return Err(Cause::LookupTimeout(budget)),
        },
    };
    first_of(&addresses, deadline, async |address| {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    })
    .await
}

/// Keeps the resolver's order (RFC 6724) within each family and takes the
/// families in turn, so that a network where one of them goes nowhere costs
/// one share of the budget: the ordering of RFC 8305 §4, without its races.
fn in_turn(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v4 = found.first().is_some_and(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|address| address.is_ipv4() == first_is_v4);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    loop {
        let before = ordered.len();
        ordered.extend(first.next());
        ordered.extend(second.next());
        if ordered.len() == before {
            return ordered;
        }
    }
}

/// The first connection that `dial` makes. Each address has the time left,
/// divided by the addresses left: the last may use all that remains.
async fn first_of<T, F>(
    addresses: &[SocketAddr],
    deadline: Instant,
    dial: impl Fn(SocketAddr) -> F,
) -> Result<T, Cause>
where
    F: Future<Output = io::Result<T>>,
{
    let trying = &addresses[..addresses.len().min(TRIED_AT_MOST)];
    let mut tried = Vec::with_capacity(trying.len());
    for (left, address) in (1..=trying.len() as u32).rev().zip(trying) {
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        let failure = match timeout(share, dial(*address)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => Failure::Io(error),
            Err(_) => Failure::Timeout(share),
        };
        tried.push(Tried {
            address: *address,
            failure,
        });
    }
    Err(Cause::Addresses {
        untried: addresses.len() - trying.len(),
        tried,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 80).into()
    }

    fn v6(last: u16) -> SocketAddr {
        ([0xfd00, 0, 0, 0, 0, 0, 0, last], 80).into()
    }

    #[test]
    fn families_are_taken_in_turn_beginning_with_the_resolvers_first() {
        for (found, ordered) in [
            (vec![], vec![]),
            (vec![v4(1), v4(2)], vec![v4(1), v4(2)]),
            (vec![v6(1), v6(2), v4(1)], vec![v6(1), v4(1), v6(2)]),
            (
                vec![v4(1), v4(2), v4(3), v6(1), v6(2)],
                vec![v4(1), v6(1), v4(2), v6(2), v4(3)],
            ),
        ] {
            assert_eq!(in_turn(found), ordered);
        }
    }

    #[tokio::test]
    async fn small_writes_are_not_delayed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tcp = open_tcp("127.0.0.1", port, CONNECT_BUDGET).await.unwrap();
        assert!(tcp.nodelay().unwrap());
    }

    async fn dial(address: SocketAddr, answers: u8) -> io::Result<SocketAddr> {
        if address == v4(answers) {
            return Ok(address);
        }
        std::future::pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_does_not_answer_costs_only_its_share() {
        let addresses = [v4(1), v4(2), v4(3)];
        let start = Instant::now();
        let deadline = start + Duration::from_secs(6);
        let connected = first_of(&addresses, deadline, |a| dial(a, 3)).await;
        assert_eq!(connected.unwrap(), v4(3));
        assert_eq!(start.elapsed(), Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_was_tried_is_reported_within_the_budget() {
        let addresses: Vec<SocketAddr> = (1..=10).map(v4).collect();
        let start = Instant::now();
        let deadline = start + Duration::from_secs(8);
        let failed = first_of(&addresses, deadline, |a| dial(a, 0)).await;
        let Err(Cause::Addresses { tried, untried }) = failed else {
            panic!("something answered");
        };
        assert_eq!(start.elapsed(), Duration::from_secs(8));
        assert_eq!((tried.len(), untried), (TRIED_AT_MOST, 2));
        for (tried, address) in tried.iter().zip(addresses) {
            assert_eq!(tried.address, address);
            assert!(matches!(
                tried.failure,
                Failure::Timeout(share) if share.as_millis() == 1_000
            ));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_fails_at_once_leaves_its_share_to_the_next() {
        let start = Instant::now();
        let deadline = start + Duration::from_secs(6);
        let refusing = |address| async move {
            if address == v4(1) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(address)
        };
        let connected = first_of(&[v4(1), v4(2)], deadline, refusing).await;
        assert_eq!(connected.unwrap(), v4(2));
    }
}
