//! W1: the rate of small calls on one busy connection, and what each costs.

use lab_common::{Load, Work};

use crate::{
    cores::Placement,
    echo::Echo,
    figure::{CALLS, SERVER_CPU},
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Echo = Echo {
    id: "W1",
    about: "16 B echo, 64 in flight on one connection, a core each: rate and cost of a call",
    load: Load {
        connections: 1,
        in_flight: 64,
        work: Work::Echo { bytes: 16 },
        ping: false,
    },
    placement: Placement::CoreEach,
    windows: 1,
    targets: &[
        (
            CALLS,
            Target {
                words: "at least 1.4 x tonic's",
                than: "tonic",
                bound: Bound::AtLeast(1.4),
            },
        ),
        (
            SERVER_CPU,
            Target {
                words: "at most 0.45 x tonic's",
                than: "tonic",
                bound: Bound::AtMost(0.45),
            },
        ),
    ],
};
