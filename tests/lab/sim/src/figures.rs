//! What experiments came to: figures, and of each the values of each contender, one for each seed.
//!
//! It keeps their order, and knows no units.

use std::{fmt, time::Duration};

use serde_json::{Map, Value, json};
use sinew::testing::sim::Run;

/// From a figure to the values of each contender.
#[derive(Default)]
pub(crate) struct Figures(Map<String, Value>);

impl Figures {
    /// Adds one value.
    pub(crate) fn add(&mut self, figure: &str, contender: &str, value: f64) {
        let of_figure = self.0.entry(figure).or_insert_with(|| json!({}));
        if let Value::Object(contenders) = of_figure {
            let values = contenders.entry(contender).or_insert_with(|| json!([]));
            if let Value::Array(values) = values {
                values.push(json!(value));
            }
        }
    }

    /// Adds the latencies of a run, in milliseconds, each under its name behind `of`.
    pub(crate) fn latencies(&mut self, of: &str, contender: &str, run: &Run) {
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
            self.add(
                &format!("{name}{of}"),
                contender,
                millis(run.latency(share)),
            );
        }
    }
}

/// In milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Value::Object(self.0.clone()).fmt(f)
    }
}
