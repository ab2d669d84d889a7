//! The ring that calls with a key are placed by, for whoever measures it or compares it with another implementation.
//! It refuses to be a public interface: experiments of this project are its only users.

use crate::balance::ring::{self, Choice, Member, Total};

/// Points of a member of normal weight.
pub const POINTS: u32 = ring::POINTS;

/// A ring of members.
#[derive(Debug)]
pub struct Ring(ring::Ring);

impl Ring {
    /// Of slots with their weights in 1/100.
    pub fn new<'a>(members: impl IntoIterator<Item = (&'a str, u16)>) -> Self {
        Self::with_points(members, POINTS)
    }

    /// With another number of points for a member of normal weight.
    pub fn with_points<'a>(members: impl IntoIterator<Item = (&'a str, u16)>, points: u32) -> Self {
        let members = members.into_iter().map(|(slot, weight)| Member {
            slot,
            id: "",
            weight,
        });
        Self(ring::Ring::new(&members.collect::<Vec<_>>(), points))
    }

    /// The owner of a key by its hash, and those behind it.
    pub fn candidates(&self, hash: u64) -> impl Iterator<Item = usize> {
        self.0.candidates(hash)
    }

    /// Who takes a call while `load` is in flight at each that is `routable`, and these sums at all of them.
    pub fn pick(
        &self,
        hash: u64,
        routable: impl Fn(usize) -> bool,
        load: impl Fn(usize) -> u32,
        (total_load, total_weight): (u64, u64),
    ) -> Option<usize> {
        let total = Total {
            load: total_load,
            weight: total_weight,
        };
        match ring::pick(&self.0, hash, routable, load, total) {
            Choice::Owner(member) | Choice::Candidate(member, _) | Choice::Overflow(member) => {
                Some(member)
            }
            Choice::None => None,
        }
    }

    /// The part of all keys that each member owns.
    pub fn shares(&self) -> Vec<f64> {
        self.0.shares()
    }

    /// What two clients compare.
    pub fn digest(&self) -> u64 {
        self.0.digest()
    }

    /// How many points are on it.
    pub fn points(&self) -> usize {
        self.0.points()
    }
}
