//! L7: a node that fails at once looks fast.

use crate::simulated::{Aim, Simulated, aimed, shown};

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "L7",
    about: "one node of 20 begins to fail each call at once: calls that fail in the 30 s after, without retries",
    case: "20 clients, open loop at a load of 0.5; 4 workers a node, exponential 10 ms; calls may not be repeated",
    figures: &[
        aimed("errors", "%", Aim::AtMost(0.3, "at most 0.3 %")),
        shown("p99", "ms"),
    ],
};
