//! The node of the design notes' own model: four workers, each call an exponential 10 ms.
//!
//! It knows no experiment.

use std::time::Duration;

use sinew::testing::sim::Node;

const WORKERS: u32 = 4;
const MEAN: Duration = Duration::from_millis(10);

/// One at full speed.
pub(crate) fn node() -> Node {
    Node::new().workers(WORKERS as usize).exponential(MEAN)
}

/// Calls a second that nodes with these speeds can take together.
pub(crate) fn per_second(speeds: impl Iterator<Item = f64>) -> f64 {
    speeds.sum::<f64>() * f64::from(WORKERS) / MEAN.as_secs_f64()
}
