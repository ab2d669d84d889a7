//! L5: nodes whose machines are busy with something else again and again.

use crate::{
    simulated::{Aim, Simulated, aimed, shown},
    target::Bound,
};

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "L5",
    about: "20 nodes that lose 60 % of their speed for 2 s every 8 s, at a load of 0.8, 200 clients",
    case: "open loop; 4 workers a node, exponential 10 ms; the load is of what they can do in the mean",
    figures: &[
        shown("p50", "ms"),
        aimed(
            "p99",
            "ms",
            Aim::Beside("tower", Bound::AtMost(0.3), "at most 0.3 x tower's"),
        ),
        shown("p99.9", "ms"),
        shown("max", "ms"),
    ],
};
