//! L2: nodes of all speeds, as in tower's own comparison of balancers.

use crate::{
    simulated::{Aim, Simulated, aimed, shown},
    target::Bound,
};

const NOT_ABOVE: Aim = Aim::Beside("tower", Bound::NotAbove, "not above tower's");

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "L2",
    about: "10 nodes that take up to 1 ms to up to 1 s, 50,000 calls, 50 in flight (tower's PR 76)",
    case: "1 client, closed loop; any number of workers, uniform up to 1, 5, 3 x 10, 3 x 100, 500, 1000 ms",
    figures: &[
        shown("p50", "ms"),
        shown("p99", "ms"),
        aimed("p99.9", "ms", NOT_ABOVE),
        aimed("total", "s", NOT_ABOVE),
    ],
};
