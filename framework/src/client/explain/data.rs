//! What an explanation says.
//! It refuses to say how it is written: that is `table.rs` and `json.rs`.

use std::time::Duration;

use tokio::time::Instant;

/// What a channel knows of its endpoints at one moment. It displays as a table.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub(super) name: String,
    pub(super) balance: &'static str,
    pub(super) looked: Option<Looked>,
    pub(super) digest: Option<u64>,
    pub(super) panics: bool,
    pub(super) endpoints: Vec<ExplainedEndpoint>,
    pub(super) picks: Vec<ExplainedPick>,
}

/// How well it is known who serves a name.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub(super) is_known: bool,
    pub(super) age: Option<Duration>,
    pub(super) held: usize,
    /// What more there is to say where nobody was found.
    pub(super) when_empty: Option<String>,
    /// Since when readings fail, and why.
    pub(super) stale: Option<(Duration, String)>,
}

/// What a channel knows of one endpoint.
#[derive(Clone, Debug)]
pub struct ExplainedEndpoint {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) slot: String,
    pub(super) state: &'static str,
    pub(super) reason: &'static str,
    pub(super) since: Duration,
    pub(super) connection: &'static str,
    pub(super) failure: Option<String>,
    pub(super) passed_over: Option<&'static str>,
    pub(super) in_flight: u32,
    pub(super) round_trip: Option<Duration>,
    pub(super) success: f32,
    pub(super) weight: f32,
    pub(super) expected_delay: Duration,
    pub(super) share: Option<f64>,
}

/// One pick of late: who was considered, and who was picked.
#[derive(Clone, Debug)]
pub struct ExplainedPick {
    pub(super) at: Instant,
    pub(super) key: Option<u64>,
    pub(super) picked: Option<String>,
    pub(super) considered: Vec<ExplainedEndpoint>,
}

/// Where calls with one key go. It displays as a table.
#[derive(Clone, Debug)]
pub struct KeyExplanation {
    pub(super) hash: Option<u64>,
    pub(super) digest: Option<u64>,
    pub(super) candidates: Vec<ExplainedCandidate>,
}

/// One of those a key may go to, the owner first.
#[derive(Clone, Debug)]
pub struct ExplainedCandidate {
    pub(super) endpoint: String,
    pub(super) slot: String,
    pub(super) is_picked: bool,
    pub(super) passed_over: Option<&'static str>,
    pub(super) in_flight: u32,
}

impl Explanation {
    /// The endpoints, in the order of their ids.
    pub fn endpoints(&self) -> &[ExplainedEndpoint] {
        &self.endpoints
    }

    /// What two clients compare to know whether they agree whose a key is; nothing before the first call with a key.
    pub fn digest(&self) -> Option<u64> {
        self.digest
    }

    /// Less than half of the endpoints are in use: those that were ejected count as the others do.
    pub fn is_in_panic(&self) -> bool {
        self.panics
    }

    /// A few picks of late: one in 1,024 is kept, and the last eight of those.
    pub fn picks(&self) -> &[ExplainedPick] {
        &self.picks
    }
}

impl ExplainedEndpoint {
    /// New for each process that serves, where it is found in a registry; else its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its target, as it is written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands on the ring, over all of its restarts.
    pub fn slot(&self) -> &str {
        &self.slot
    }

    /// `warm`, `ready`, `suspect`, `draining`, `ejected`, `trial` or `hung`.
    pub fn state(&self) -> &'static str {
        self.state
    }

    /// Why it is in that state, in a word.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// How long it has been in that state.
    pub fn since(&self) -> Duration {
        self.since
    }

    /// `connected`, `connecting` or `failing`.
    pub fn connection(&self) -> &'static str {
        self.connection
    }

    /// Why it is not connected, if the last try failed.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Why others come before it, whatever it would cost; nothing where it is one of the best.
    pub fn passed_over(&self) -> Option<&'static str> {
        self.passed_over
    }

    /// Calls of this channel that are under way there.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// What a call takes there, if any has ended.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// How long a call that is sent now is expected to take there.
    pub fn expected_delay(&self) -> Duration {
        self.expected_delay
    }

    /// The part of all keys that it owns, 0 to 1; nothing before the first call with a key.
    pub fn share(&self) -> Option<f64> {
        self.share
    }
}

impl ExplainedPick {
    /// Who was picked; nothing where nobody could take the call at once.
    pub fn picked(&self) -> Option<&str> {
        self.picked.as_deref()
    }

    /// Who was considered, up to 64.
    pub fn considered(&self) -> &[ExplainedEndpoint] {
        &self.considered
    }
}

impl KeyExplanation {
    /// The owner, and those behind it in the order in which they stand in for it; nobody where the key is empty or the
    /// channel has no endpoints.
    pub fn candidates(&self) -> &[ExplainedCandidate] {
        &self.candidates
    }
}

impl ExplainedCandidate {
    /// Its target, as it is written.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where it stands on the ring.
    pub fn slot(&self) -> &str {
        &self.slot
    }

    /// Why it does not take such a call now; nothing where it is picked, or one before it is.
    pub fn passed_over(&self) -> Option<&'static str> {
        self.passed_over
    }

    /// A call with the key goes there now.
    pub fn is_picked(&self) -> bool {
        self.is_picked
    }
}

/// A duration of so many seconds; one that nobody can wait for is a year.
pub(super) fn seconds(seconds: f32) -> Duration {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    Duration::try_from_secs_f32(seconds).map_or(YEAR, |seconds| seconds.min(YEAR))
}
