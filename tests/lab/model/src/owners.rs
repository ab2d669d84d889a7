//! Owners of keys that nobody chose, to be computed by somebody else as well.

use serde_json::json;
use sinew::{KeyHash, testing::ring::Ring};

use crate::{
    Figures,
    slots::{numbers, slots},
};

/// Members, each with a weight of its own.
const MEMBERS: usize = 24;

/// The longest key, in bytes: some stripes of XXH64, and all lengths of its tail.
const LONGEST: u64 = 200;

/// Values: members as `weight slot`, keys in hex, and the slot of each one's owner.
pub(crate) fn run(count: usize) -> Figures {
    let slots = slots(0, MEMBERS);
    let weights: Vec<u16> = numbers()
        .take(MEMBERS)
        .map(|x| (x % 1000) as u16 + 1)
        .collect();
    let members = slots.iter().zip(&weights);
    let ring = Ring::new(
        members
            .clone()
            .map(|(slot, weight)| (slot.as_str(), *weight)),
    );
    let mut random = numbers().skip(MEMBERS);
    let (mut keys, mut owners) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let length = random.next().unwrap_or_default() % LONGEST + 1;
        let key: Vec<u8> = random
            .by_ref()
            .take(length as usize)
            .map(|x| x as u8)
            .collect();
        let hash = KeyHash::of(&key).map_or(0, KeyHash::get);
        keys.push(
            key.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        );
        owners.push(
            ring.candidates(hash)
                .next()
                .map(|index| slots[index].clone()),
        );
    }
    let members: Vec<_> = members
        .map(|(slot, weight)| format!("{weight} {slot}"))
        .collect();
    let mut figures = Figures::new();
    figures.insert("members".to_owned(), json!(members));
    figures.insert("keys".to_owned(), json!(keys));
    figures.insert("owners".to_owned(), json!(owners));
    figures.insert(
        "digest".to_owned(),
        json!(format!("{:016x}", ring.digest())),
    );
    figures
}
