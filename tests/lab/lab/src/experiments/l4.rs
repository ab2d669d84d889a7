//! L4: one node of few at a quarter of the speed.

use crate::{
    simulated::{Aim, Simulated, aimed, shown},
    target::Bound,
};

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "L4",
    about: "4 nodes, one of them at a quarter of the speed, at a load of 0.7, 8 clients",
    case: "open loop; 4 workers a node, exponential 10 ms",
    figures: &[
        shown("p50", "ms"),
        aimed(
            "p99",
            "ms",
            Aim::Beside("tower", Bound::AtMost(0.9), "at most 0.9 x tower's"),
        ),
        aimed(
            "p99.9",
            "ms",
            Aim::Beside("tower", Bound::AtMost(0.75), "at most 0.75 x tower's"),
        ),
        shown("max", "ms"),
        shown("calls of the slow one", "%"),
    ],
};
