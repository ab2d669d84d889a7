//! What a call of ours may take at most.
//!
//! A bound is what was measured and a few percent. Lower it when a count has fallen; raise it only
//! with a reason in the commit.

pub(super) const LONE_SERVER_ALLOCATIONS: &str = "1 in flight: server allocations";
pub(super) const LONE_CLIENT_ALLOCATIONS: &str = "1 in flight: client allocations";
pub(super) const LONE_SERVER_WRITES: &str = "1 in flight: server writes";
pub(super) const LONE_CLIENT_WRITES: &str = "1 in flight: client writes";
pub(super) const MANY_SERVER_WRITES: &str = "64 in flight: server writes";
pub(super) const MANY_CLIENT_WRITES: &str = "64 in flight: client writes";
pub(super) const IN_PROCESS_ALLOCATIONS: &str = "in process: allocations of both sides";
pub(super) const IN_PROCESS_INSTRUCTIONS: &str = "in process: instructions of both sides";
pub(super) const ONE_PROCESS_INSTRUCTIONS: &str = "64 in flight, one thread: instructions";

/// The bounds, per call.
///
/// Writes with 64 in flight depend on how many calls the client has ready at once, so they leave room
/// for a busy machine; one write a call, as without deferred flushing, is far beyond. Instructions are
/// those of x86-64 with glibc.
pub(super) const PER_CALL: &[(&str, f64)] = &[
    (LONE_SERVER_ALLOCATIONS, 12.5),
    (LONE_CLIENT_ALLOCATIONS, 13.5),
    (LONE_SERVER_WRITES, 1.05),
    (LONE_CLIENT_WRITES, 1.05),
    (MANY_SERVER_WRITES, 0.20),
    (MANY_CLIENT_WRITES, 0.20),
    (IN_PROCESS_ALLOCATIONS, 11.5),
    // 9,810 since a call takes a snapshot of its channel's endpoints, is counted at its node and carries a key (0008).
    // 9,914 since it asks whether its endpoint is judged and on trial, and whether who judges it is still there.
    (IN_PROCESS_INSTRUCTIONS, 9_990.0),
    (ONE_PROCESS_INSTRUCTIONS, 86_000.0),
];
