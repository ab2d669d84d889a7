//! What a server's connections are set to, and the caps on what each of them may cost.
//! It refuses to enforce any of them.

use std::time::Duration;

use super::Server;
use crate::call::intake::{Intake, Pace};

/// What a server's connections are set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) max_connections: usize,
    pub(crate) max_streams: u32,
    pub(crate) drain_timeout: Duration,
    pub(crate) drain_delay: Duration,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_idle: Option<Duration>,
    pub(crate) first_call: Option<Duration>,
    pub(crate) keep_alive: Option<Duration>,
    partial_bytes: usize,
    pace: Option<Pace>,
}

/// Connections that may be open: a caller needs one, so it is as many callers as one process should have,
/// and it bounds what peers that open ever more of them can make a server hold.
const MAX_CONNECTIONS: usize = 10_000;

/// Calls that one connection may have in flight: gRPC clients open no second connection below it,
/// and it bounds what one peer can make a server hold.
const MAX_STREAMS: u32 = 1000;

/// How long a server that shuts down waits for calls in flight.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may be silent until it is pinged: with the time that it has to answer, one that is gone is noticed
/// after 15 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How long a connection may be open without a call: as long as grpc-go gives a connection to come about. Not shorter,
/// for honest clients connect before they call, and those that call seldom would do so again and again.
const FIRST_CALL: Duration = Duration::from_secs(120);

/// Bytes of all requests together that are not whole yet: 64 of the largest that are taken unless told otherwise, or
/// the first halves of 128.
const PARTIAL_BYTES: usize = 256 * 1024 * 1024;

/// How slowly a request may come that has to be whole: at the rate of ASP.NET Core's servers (`MinRequestBodyDataRate`,
/// 240 bytes a second), and with a pause that is no longer than what a connection has for its first bytes.
const PACE: Pace = Pace {
    bytes_per_second: 240,
    grace: Duration::from_secs(10),
};

/// Times are cut to this, a year, so that adding one to a clock cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            max_streams: MAX_STREAMS,
            drain_timeout: DRAIN_TIMEOUT,
            drain_delay: Duration::ZERO,
            max_age: None,
            max_idle: None,
            first_call: Some(FIRST_CALL),
            keep_alive: Some(KEEP_ALIVE),
            partial_bytes: PARTIAL_BYTES,
            pace: Some(PACE),
        }
    }
}

impl Settings {
    pub(super) fn intake(&self) -> Intake {
        Intake::new(self.partial_bytes, self.pace)
    }
}

impl Server {
    /// How many connections may be open; 10,000 unless set. More are closed at once, and told to the server's
    /// metrics as refused: `full`.
    ///
    /// A caller needs one connection, whatever the number of its calls. Keep it below the process's limit of open
    /// files: above that, accepting fails before the cap is reached. It does not bound the connections of a host in
    /// which [`Server::into_http_service`] is mounted.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections.max(1);
        self
    }

    /// How many calls one connection may have in flight; 1,000 unless set. More wait at the client.
    ///
    /// Each may have sent 256 KiB that no handler has read: it also bounds what one connection makes the server hold.
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.settings.max_streams = streams.max(1);
        self
    }

    /// How long a server that is told to end waits for calls in flight; 30 s unless set. Connections that are too old
    /// ([`Server::max_connection_age`]) have as long, too.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.settings.drain_timeout = timeout.min(LONGEST);
        self
    }

    /// How long a server that is told to end serves on as before, new connections included, while its health is
    /// NOT_SERVING already: so that load balancers, which look at health or at a list of endpoints, can take it out
    /// before it takes nothing more. None unless set.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.settings.drain_delay = delay.min(LONGEST);
        self
    }

    /// How long a client may be silent until it is pinged; 10 s unless set. One that does not answer within 5 s is
    /// given up, and its calls are cancelled.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.settings.keep_alive = Some(interval.clamp(Duration::from_secs(1), LONGEST));
        self
    }

    /// Pings no client: one that is gone without a word holds its connection as long as the system lets it.
    pub fn without_keep_alive(mut self) -> Self {
        self.settings.keep_alive = None;
        self
    }

    /// How old a connection may get, give or take a tenth; as old as it likes unless set. Its client is told to make a
    /// new one, and calls in flight may end within the drain timeout: so clients come to know of new servers behind one
    /// address, and certificates that were renewed come into use.
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.settings.max_age = Some(age.min(LONGEST));
        self
    }

    /// How long a connection may be without a call in flight, give or take a tenth; as long as it likes unless set, as
    /// with grpc-go, for clients keep connections that they will need. Its client is told to make a new one when it
    /// calls again. Pings are no calls.
    pub fn max_connection_idle(mut self, idle: Duration) -> Self {
        let idle = idle.clamp(Duration::from_millis(1), LONGEST);
        self.settings.max_idle = Some(idle);
        self
    }

    /// How long a connection may be open until its first call has begun, with the whole head of its request; 2 minutes
    /// unless set. Then its client is told to make a new one when it calls. Pings are no calls. The handshake of TLS
    /// and the first bytes of HTTP/2 have to come within 10 s in any case.
    pub fn first_call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.first_call = Some(timeout.min(LONGEST));
        self
    }

    /// Lets connections be open that never make a call, as clients do that keep some in reserve.
    pub fn without_first_call_timeout(mut self) -> Self {
        self.settings.first_call = None;
        self
    }

    /// How many bytes of requests that are not whole yet a server holds, those of all its calls together; 256 MiB
    /// unless set. A call whose request is too much fails with RESOURCE_EXHAUSTED. What is whole is its handler's,
    /// and what nobody has begun to read is bounded for each connection ([`Server::max_concurrent_streams`]).
    pub fn max_partial_request_bytes(mut self, bytes: usize) -> Self {
        self.settings.partial_bytes = bytes;
        self
    }

    /// How slowly a request may come of a method that takes one, in bytes a second; 240 unless set, and no lower bound
    /// with 0. It has 10 s at first, to which its bytes add; and 10 s are the longest time without any. What comes more
    /// slowly fails with DEADLINE_EXCEEDED. Streams of requests may be silent as long as they like.
    pub fn min_request_rate(mut self, bytes_per_second: u32) -> Self {
        self.settings.pace = (bytes_per_second > 0).then_some(Pace {
            bytes_per_second,
            ..PACE
        });
        self
    }
}
