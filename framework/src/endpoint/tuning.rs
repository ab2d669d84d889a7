//! The times by which endpoints are judged and compared, in one place.
//! It refuses to be a knob of users: what they may set is on the builder of a channel.

use std::time::Duration;

use crate::call::report::EVERY;
use crate::rt::backoff;

/// Each of these is a default of balancing-hashing-failover §4, which gives its source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// A node that joins or comes back gets its full share after so long (Envoy's slow start, aggression 1).
    pub(crate) warm_up: Duration,
    /// How fast a measured round trip is forgotten (Finagle's and tower's peak EWMA: 10 s).
    pub(crate) rtt_decay: Duration,
    /// What is assumed of a node that nobody has measured, where no other node was measured either (tower: 30 ms).
    pub(crate) unknown_rtt: Duration,
    /// A channel sends its first call to a node that it never measured within this, each at a time of its own: of many
    /// channels not all the next one.
    pub(crate) first_call: Duration,
    /// How fast it is forgotten that calls failed: as fast as what they took.
    pub(crate) success_decay: Duration,
    /// A server is asked for a report by calls so often.
    pub(crate) report_every: Duration,
    /// A report of a server older than this says nothing of its load any more (Prequal, §4.1).
    pub(crate) report_age: Duration,
    /// Ten of these are the window in which nodes are compared.
    pub(crate) bucket: Duration,
    /// The first ejection; each further one in a row takes twice as long.
    pub(crate) ejection: Duration,
    pub(crate) longest_ejection: Duration,
    /// One ejection is forgiven for each of these that passes without one (Envoy: one per clean interval).
    pub(crate) forgiving: Duration,
    /// A call that may not be repeated takes part in a trial only after the trial has waited so long for one that may.
    pub(crate) trial_patience: Duration,
    /// Below this, a call that ran out of time says nothing of its node.
    pub(crate) shortest_late: Duration,
    /// A node that owes answers is asked whether it hangs after three times what slow calls take, within these.
    pub(crate) least_patience: Duration,
    pub(crate) most_patience: Duration,
    /// An answer that comes after this says nothing of now; the connection's keepalive has decided long before.
    pub(crate) latest_answer: Duration,
    /// It has four times what calls take to answer that, within these.
    pub(crate) least_probe: Duration,
    pub(crate) most_probe: Duration,
    /// While calls are begun, the server that was not heard for longest is asked how busy it is, so often: a slow
    /// one that is well again, or a new one, is not to be found out by calls alone.
    pub(crate) ask: Duration,
    /// While calls are only waited for, so often (§4.1: four a second at least).
    pub(crate) ask_anyway: Duration,
    /// A task that wakes up so much later than it asked for was frozen, or starved: what it sees of others then is
    /// its own doing.
    pub(crate) frozen: Duration,
    /// The ceiling of the first wait before a connection is tried again, and the highest one.
    pub(crate) first_backoff: Duration,
    pub(crate) longest_backoff: Duration,
    /// One of many that connect at once lets the next one begin when it has taken so long: those that answer nothing
    /// are not to keep the others waiting (RFC 8305 §8: 250 ms between tries).
    pub(crate) connect_turn: Duration,
    /// A connection that lasted this long worked: what broke it is no reason to wait before the next.
    pub(crate) proved: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            warm_up: Duration::from_secs(10),
            rtt_decay: Duration::from_secs(10),
            unknown_rtt: Duration::from_millis(30),
            first_call: Duration::from_secs(1),
            success_decay: Duration::from_secs(10),
            report_every: EVERY,
            report_age: Duration::from_secs(1),
            bucket: Duration::from_secs(1),
            ejection: Duration::from_secs(5),
            longest_ejection: Duration::from_secs(300),
            forgiving: Duration::from_secs(30),
            trial_patience: Duration::from_secs(1),
            shortest_late: Duration::from_millis(50),
            least_patience: Duration::from_millis(30),
            most_patience: Duration::from_millis(500),
            latest_answer: Duration::from_secs(30),
            least_probe: Duration::from_millis(20),
            most_probe: Duration::from_millis(250),
            ask: Duration::from_millis(50),
            ask_anyway: Duration::from_millis(250),
            frozen: Duration::from_millis(500),
            first_backoff: backoff::INITIAL,
            longest_backoff: backoff::MAX,
            connect_turn: Duration::from_millis(250),
            proved: Duration::from_secs(1),
        }
    }
}

impl Tuning {
    /// The same for a clock of which `by` seconds are one second of what is simulated.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn stretched(self, by: u32) -> Self {
        Self {
            warm_up: self.warm_up * by,
            rtt_decay: self.rtt_decay * by,
            unknown_rtt: self.unknown_rtt * by,
            first_call: self.first_call * by,
            success_decay: self.success_decay * by,
            report_every: self.report_every * by,
            report_age: self.report_age * by,
            bucket: self.bucket * by,
            ejection: self.ejection * by,
            longest_ejection: self.longest_ejection * by,
            forgiving: self.forgiving * by,
            trial_patience: self.trial_patience * by,
            shortest_late: self.shortest_late * by,
            least_patience: self.least_patience * by,
            most_patience: self.most_patience * by,
            latest_answer: self.latest_answer * by,
            least_probe: self.least_probe * by,
            most_probe: self.most_probe * by,
            ask: self.ask * by,
            ask_anyway: self.ask_anyway * by,
            frozen: self.frozen * by,
            first_backoff: self.first_backoff * by,
            longest_backoff: self.longest_backoff * by,
            connect_turn: self.connect_turn * by,
            proved: self.proved * by,
        }
    }
}
