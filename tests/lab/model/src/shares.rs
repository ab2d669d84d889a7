//! How even a ring is: the largest part of the keys that a member owns, as so many times its fair part.

use serde_json::json;
use sinew::testing::ring::{POINTS, Ring};

use crate::{
    Figures,
    slots::{SETS, members, slots},
};

/// Points that rings have elsewhere: gRPC's with its default cap of 4,096 for 100 members; ketama's.
const FEWER: [u32; 2] = [40, 160];

/// Values: for each set of ids, by the number of points.
pub(crate) fn run(count: usize) -> Figures {
    let figure = |points: u32| {
        let largest = (0..SETS).map(|set| {
            let shares = Ring::with_points(members(&slots(set, count)), points).shares();
            shares.into_iter().fold(0.0, f64::max) * count as f64
        });
        (points.to_string(), json!(largest.collect::<Vec<_>>()))
    };
    FEWER.into_iter().chain([POINTS]).map(figure).collect()
}
