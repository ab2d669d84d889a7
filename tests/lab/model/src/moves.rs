//! What moves when one of so many members joins or leaves: read forwards or backwards, both are the same two rings.

use serde_json::json;
use sinew::testing::ring::Ring;

use crate::{
    Figures,
    slots::{SETS, members, numbers, slots},
};

/// Keys whose owners are compared.
const KEYS: usize = 100_000;

/// Values: for each set of ids, all keys that moved as so many times 1/count, and of the keys that were looked at the
/// number that moved between two others.
pub(crate) fn run(count: usize) -> Figures {
    let (mut moved, mut needless, mut modulo) = (Vec::new(), Vec::new(), Vec::new());
    for set in 0..SETS {
        let all = slots(set, count);
        let with = Ring::new(members(&all));
        let without = Ring::new(members(&all[1..]));
        let first = with.shares().first().copied().unwrap_or_default();
        moved.push(first * count as f64);
        let owner = |ring: &Ring, hash| ring.candidates(hash).next();
        let is_needless = |hash: &u64| match owner(&with, *hash) {
            Some(0) | None => false,
            Some(index) => owner(&without, *hash) != Some(index - 1),
        };
        needless.push(numbers().take(KEYS).filter(is_needless).count());
        let moves = |hash: &u64| hash % count as u64 != hash % (count as u64 - 1);
        let moves = numbers().take(KEYS).filter(moves).count();
        modulo.push(moves as f64 / KEYS as f64 * count as f64);
    }
    let mut figures = Figures::new();
    figures.insert("moved".to_owned(), json!(moved));
    figures.insert("needless".to_owned(), json!(needless));
    figures.insert("modulo".to_owned(), json!(modulo));
    figures
}
