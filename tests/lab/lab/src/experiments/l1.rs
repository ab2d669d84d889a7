//! L1: nodes that are slower than the others.

use crate::simulated::{Aim, Simulated, aimed, shown};

const CALM: &str = "p99, 0 slow";
const WORDS: &str = "at most 1.15 x ours where all are alike";

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "L1",
    about: "4 nodes, none, one and two of them slower by 5 ms, 4,000 calls/s",
    case: "4 clients, open loop; 4 workers a node, exponential 0.2 ms",
    figures: &[
        shown(CALM, "ms"),
        aimed("p99, 1 slow", "ms", Aim::AtMostOwn(1.15, CALM, WORDS)),
        aimed("p99, 2 slow", "ms", Aim::AtMostOwn(1.15, CALM, WORDS)),
        shown("p50, 2 slow", "ms"),
        shown("p99.9, 1 slow", "ms"),
        shown("p99.9, 2 slow", "ms"),
    ],
};
