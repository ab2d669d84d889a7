//! H4: keys of which a few are asked for most.

use crate::simulated::{Aim, Simulated, aimed, shown};

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "H4",
    about: "10,000 keys by Zipf's law at 10 nodes, 20 calls in flight a node: who gets most, who has its keys",
    case: "closed loop; any number of workers, exponential 10 ms; the share is so many times the mean",
    figures: &[
        aimed("largest share", "x", Aim::AtMost(1.27, "at most 1.27")),
        aimed("at the owner", "%", Aim::AtLeast(80.0, "at least 80 %")),
        shown("largest share, 100 clients", "x"),
        shown("at the owner, 100 clients", "%"),
    ],
};
