//! The handle by which a user sees and says how busy a server is.
//! It refuses to know who asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::Meter;

/// Less than this would be zero, which says that nothing is known.
const LEAST_UTILIZATION: f32 = 0.001;

/// How busy a server is ([`crate::Server::load`]): clones say and see the same.
#[derive(Clone)]
pub struct ServerLoad(pub(in crate::server) Arc<Meter>);

impl ServerLoad {
    /// Calls that were admitted and have not ended, streams among them; probes of health are not.
    pub fn in_flight(&self) -> u32 {
        self.0.in_flight()
    }

    /// Says how much of what the server has is in use: 1 is all of it, and more is overload; it is told to clients that
    /// balance by it, as gRPC's `weighted_round_robin` does. It holds until the next is said: say it anew every second
    /// or so. `None`, and what is negative or no number, takes it back.
    ///
    /// Where nothing is said it is how many unary calls were at work together in the last seconds, in the mean, for
    /// each core of the process: a good sign for handlers that compute, and the only one for those that wait, but one
    /// that knows nothing of other processes, of memory, or of a pool of ten connections to a database.
    ///
    /// ```
    /// # fn f(cart: sinew::Skeleton) {
    /// let server = sinew::Server::new().add(cart).orca_reports();
    /// let load = server.load();
    /// load.set_utilization(0.7);
    /// # }
    /// ```
    pub fn set_utilization(&self, utilization: impl Into<Option<f32>>) {
        let said = utilization.into().filter(|said| *said >= 0.0);
        let bits = said.map_or(f32::NAN, |said| said.max(LEAST_UTILIZATION));
        self.0.utilization.store(bits.to_bits(), Ordering::Relaxed);
    }
}

impl Default for ServerLoad {
    fn default() -> Self {
        Self(Arc::new(Meter::new(Instant::now())))
    }
}

impl fmt::Debug for ServerLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerLoad({} in flight)", self.in_flight())
    }
}
