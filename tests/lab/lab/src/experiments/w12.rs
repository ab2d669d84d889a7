//! W12: handlers that work, on one connection: does it still use all cores?

use std::time::Duration;

use lab_common::{Load, Work};

use crate::{
    cores::Placement,
    echo::Echo,
    figure::CALLS,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Echo = Echo {
    id: "W12",
    about: "handlers that burn 100 us, 64 in flight on one connection, server on two cores",
    load: Load {
        connections: 1,
        in_flight: 64,
        work: Work::Burn {
            cpu: Duration::from_micros(100),
        },
        ping: false,
    },
    placement: Placement::ServerOnTwo,
    windows: 1,
    targets: &[(
        CALLS,
        Target {
            words: "at least 0.95 x tonic's",
            than: "tonic",
            bound: Bound::AtLeast(0.95),
        },
    )],
};
