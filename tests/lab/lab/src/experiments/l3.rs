//! L3: half of the nodes at half the speed.

use crate::{
    simulated::{Aim, Simulated, aimed, shown},
    target::Bound,
};

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "L3",
    about: "20 nodes, half of them at half the speed, at a load of 0.8, 20 clients",
    case: "open loop; 4 workers a node, exponential 10 ms",
    figures: &[
        shown("p50", "ms"),
        aimed(
            "p99",
            "ms",
            Aim::Beside(
                "tower",
                Bound::AtMost(0.9),
                "at most 0.9 x tower's (aim: 0.7 x)",
            ),
        ),
        shown("p99.9", "ms"),
        shown("max", "ms"),
    ],
};
