//! What it costs to find who takes a call with a key, and to build the ring.

use std::{hint::black_box, time::Instant};

use consistent_hash::{DefaultHash, Node, StaticHashRing};
use lab_common::Failure;
use serde_json::json;
use sinew::{
    KeyHash,
    testing::ring::{POINTS, Ring},
};

use crate::{
    Figures,
    slots::{members, numbers, slots},
};

/// So many lookups are timed at once: a clock costs as much as some of them.
const BATCH: usize = 64;

const BATCHES: usize = 2000;

/// One of so many members cannot take a call.
const UNROUTABLE: usize = 10;

/// What each has in flight: no more than its part.
const IN_FLIGHT: u32 = 20;

/// Values: nanoseconds of a lookup in each batch, sorted. Ours hashes the key, walks past members that cannot take a
/// call, and looks at loads; the crate alone hashes the key its own way, and gives the first candidate.
pub(crate) fn run(count: usize) -> Result<Figures, Failure> {
    let slots = slots(0, count);
    let keys: Vec<String> = numbers()
        .take(BATCH * BATCHES)
        .map(|x| format!("cart-{x}"))
        .collect();
    let ring = Ring::new(members(&slots));
    let routable: Vec<bool> = (0..count).map(|index| index % UNROUTABLE != 1).collect();
    let open = routable.iter().filter(|open| **open).count() as u64;
    let total = (open * u64::from(IN_FLIGHT), open * 100);
    let ours = timed(&keys, |key| {
        let hash = KeyHash::of(key).map_or(0, KeyHash::get);
        ring.pick(hash, |member| routable[member], |_| IN_FLIGHT, total)
    });
    let nodes = slots
        .iter()
        .map(|slot| Node::new(slot.as_str()).quantity(POINTS as usize));
    let bare = StaticHashRing::new(DefaultHash, nodes);
    let bare = timed(&keys, |key| {
        bare.calc_candidates(&key).next().map(|node| node.key.len())
    });
    if ours.is_empty() {
        return Err(Failure::new("nothing was timed"));
    }
    let mut figures = Figures::new();
    figures.insert("ours".to_owned(), json!(ours));
    figures.insert("crate".to_owned(), json!(bare));
    Ok(figures)
}

fn timed<T>(keys: &[String], mut look_up: impl FnMut(&str) -> T) -> Vec<f64> {
    let mut batches: Vec<f64> = keys
        .chunks(BATCH)
        .map(|batch| {
            let began = Instant::now();
            for key in batch {
                black_box(look_up(black_box(key)));
            }
            began.elapsed().as_secs_f64() * 1e9 / batch.len() as f64
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches
}

/// Values: milliseconds, and points.
pub(crate) fn build(count: usize) -> Figures {
    let slots = slots(0, count);
    let began = Instant::now();
    let ring = black_box(Ring::new(members(&slots)));
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    let mut figures = Figures::new();
    figures.insert("ms".to_owned(), json!([milliseconds]));
    figures.insert("points".to_owned(), json!([ring.points()]));
    figures
}
