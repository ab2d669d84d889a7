//! What a call is expected to cost at a node: the seconds until it answers.
//! It refuses to choose.

use crate::endpoint::Facts;
use crate::rt::decay::decayed;

/// A node that has just joined gets this share at least (Envoy's min_weight_percent).
const LEAST_WARMTH: f32 = 0.1;

/// A node that fails all of its calls looks this much worse at most, squared.
const LEAST_SUCCESS: f32 = 0.05;

/// What holds for all nodes of a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Common {
    /// Seconds that a call takes at a node that was measured.
    pub(crate) typical_rtt: f32,
    /// How much of its warmth a node gets in a second.
    pub(crate) warming: f32,
    /// How fast what was measured of a node decays, a second: who was slow once gets a call again some day.
    pub(crate) rtt_decay: f32,
    /// How fast it decays that calls failed there, a second.
    pub(crate) success_decay: f32,
    /// Does what servers say of themselves count?
    pub(crate) uses_reports: bool,
    /// Seconds for which that is news.
    pub(crate) report_age: f32,
    /// Seconds that a call takes of a server, as servers say.
    pub(crate) typical_service: f32,
    /// Seconds after which this channel sends a call to a node that it never measured, whatever the others cost.
    pub(crate) first_call: f32,
}

/// The shortest expected delay: the time of a call, times the calls that are before it and itself, by the node's
/// share, and worse by the square of how often it fails: who fails fast would look fast (balancing-hashing-failover
/// §4.1; the product is that of Finagle's and tower's peak EWMA).
pub(super) fn expected_delay(facts: &Facts, common: &Common) -> f32 {
    squared_delay(facts, common).sqrt()
}

/// Its square, in the same order: a pick compares, and a root for each node is dear.
#[inline(always)]
pub(super) fn squared_delay(facts: &Facts, common: &Common) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a queue")]
    let queue = facts.in_flight as f32 + 1.0;
    let said = facts
        .report
        .filter(|said| said.service > 0.0 && common.uses_reports);
    let rtt = match facts.rtt {
        // Who was slow long ago gets cheaper by and by, or it would never be measured again.
        Some(rtt) => rtt * decayed(facts.rtt_age * common.rtt_decay),
        // Who was never measured gets one call soon, and more when that has ended. Not at once: that would be the next
        // call of every channel.
        None if facts.in_flight == 0
            && facts.success >= 1.0
            && facts.in_phase >= common.first_call =>
        {
            0.0
        }
        None => common.typical_rtt,
    };
    let squared = match said {
        // Nobody has a call there, and it was slow long ago, if ever: it is tried like any other.
        Some(said)
            if said.is_fresh
                && said.in_flight == 0
                && facts.in_flight == 0
                && facts.rtt_age > common.report_age =>
        {
            said.service.min(common.typical_service) * rtt.min(common.typical_rtt)
        }
        // What it says counts the calls of all clients, but it cannot tell calls that wait from calls that are worked
        // on side by side; what was measured here can, and knows only its own. The mean of both is better than either
        // (docs/lab.md, L3 to L5); it is the geometric one, for they need not be of one scale.
        Some(said) => {
            #[expect(clippy::cast_precision_loss, reason = "a queue")]
            let said_queue = if said.is_fresh {
                said.in_flight as f32 + 1.0
            } else {
                queue
            };
            (said.service * said_queue.max(queue)) * (rtt * queue)
        }
        None => (rtt * queue) * (rtt * queue),
    };
    let worth = share(facts, common) * success(facts, common);
    // Most are worth what a node is worth.
    #[expect(clippy::float_cmp, reason = "only to leave out a division by one")]
    if worth == 1.0 {
        squared
    } else {
        squared / (worth * worth)
    }
}

/// How much less a node is worth as its calls fail.
#[inline(always)]
fn success(facts: &Facts, common: &Common) -> f32 {
    if facts.success >= 1.0 {
        return 1.0;
    }
    let failing = (1.0 - facts.success) * decayed(facts.success_age * common.success_decay);
    let success = (1.0 - failing).max(LEAST_SUCCESS);
    success * success
}

/// The part of the load that is a node's own.
#[inline(always)]
pub(super) fn share(facts: &Facts, common: &Common) -> f32 {
    facts.weight * warmth(facts, common)
}

/// Envoy's slow start with aggression 1: in a straight line.
#[inline(always)]
fn warmth(facts: &Facts, common: &Common) -> f32 {
    if facts.phase == crate::endpoint::Phase::Warm {
        (facts.in_phase * common.warming).clamp(LEAST_WARMTH, 1.0)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests;
