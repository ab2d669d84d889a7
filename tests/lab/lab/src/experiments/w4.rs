//! W4: the latency of a lone call, where nothing can be batched.

use lab_common::{Load, Work};

use crate::{
    cores::Placement,
    echo::Echo,
    figure::P50,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Echo = Echo {
    id: "W4",
    about: "16 B echo, one in flight, a core each: latency of a lone call",
    load: Load {
        connections: 1,
        in_flight: 1,
        work: Work::Echo { bytes: 16 },
        ping: false,
    },
    placement: Placement::CoreEach,
    windows: 1,
    targets: &[(
        P50,
        Target {
            words: "not above tonic's",
            than: "tonic",
            bound: Bound::NotAbove,
        },
    )],
};
