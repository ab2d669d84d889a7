//! W13: a quick call beside slow ones on the same connection: how long is it held up?

use std::time::Duration;

use lab_common::{Load, Work};

use crate::{
    cores::Placement,
    echo::Echo,
    figure::PING_P99,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Echo = Echo {
    id: "W13",
    about: "one ping in flight beside 32 calls that burn 1 ms each, same connection, server on two cores",
    load: Load {
        connections: 1,
        in_flight: 32,
        work: Work::Burn {
            cpu: Duration::from_millis(1),
        },
        ping: true,
    },
    placement: Placement::ServerOnTwo,
    // A ping takes milliseconds: a p99 needs the longer window.
    windows: 3,
    targets: &[(
        PING_P99,
        Target {
            words: "not above tonic's",
            than: "tonic",
            bound: Bound::NotAbove,
        },
    )],
};
