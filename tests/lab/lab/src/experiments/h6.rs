//! H6: discovery that is wrong.

use crate::{
    simulated::{Aim, Simulated, aimed},
    target::Bound,
};

const NONE: Aim = Aim::Beside("ours", Bound::Nothing, "none");
const FEW: Aim = Aim::AtMost(2.0, "at most 2/n");

pub(super) static EXPERIMENT: Simulated = Simulated {
    id: "H6",
    about: "a member that comes and goes 10 times in a minute, an empty answer, half missing for 10 s: calls, keys",
    case: "2 clients, 500 keys at 10 nodes that are well all the time; moves of a key in 1/n of all keys",
    figures: &[
        aimed("failed, flaps", "calls", NONE),
        aimed("moved, flaps", "1/n", FEW),
        aimed("failed, empty answer", "calls", NONE),
        aimed("moved, empty answer", "1/n", FEW),
        aimed("failed, half missing", "calls", NONE),
        aimed("moved, half missing", "1/n", FEW),
    ],
};
