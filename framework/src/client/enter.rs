//! The start of a call: how long it has, and what it inherits from the handler that makes it.
//! It refuses to wait and to send.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::Core;
use super::terms::{Bounded, Said};
use crate::call::ambient::Ambient;
use crate::call::{Deadline, MethodHandle, Payload, RawCall, Status, Trace};
use crate::endpoint::no_runtime;

/// What a unary call may take when nothing says otherwise. Streams have no such bound: they live as long as they are
/// used.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A call that has begun: when it must have ended, and what it carries on.
pub(crate) struct Entered {
    pub(crate) deadline: Option<Deadline>,
    pub(crate) trace: Option<Trace>,
}

/// # Errors
/// DEADLINE_EXCEEDED when no time is left, INTERNAL outside of a tokio runtime: nothing was encoded or sent then.
pub(crate) fn enter(
    ambient: &Ambient,
    method: &MethodHandle,
    timeout: Option<Duration>,
) -> Result<Entered, Status> {
    runtime(method)?;
    let now = Instant::now();
    let Ambient { deadline, trace } = ambient.clone();
    let own = timeout.map(|timeout| Deadline::from_start(now, timeout));
    let deadline = earliest(deadline, own);
    check(now, deadline, method)?;
    Ok(Entered { deadline, trace })
}

/// As [`enter`], for a call that no stub made.
pub(super) fn raw(call: &mut RawCall, core: &Core) -> Result<(), Status> {
    if call.method.service().is_empty() || call.method.name().is_empty() {
        return Err(Status::invalid_argument(format!(
            "{:?} is no path of a method, which looks like /package.Service/Method",
            call.method.path()
        )));
    }
    runtime(&call.method)?;
    let now = Instant::now();
    let ambient = Ambient::current();
    let said = Said {
        wait_for_ready: call.wait_for_ready,
        compress: call.compress,
        ..Said::default()
    };
    let terms = core.terms(said, &call.method, Bounded::Yes);
    // What it was limited to stands above what is declared, as a call's own timeout does.
    let own = call.deadline.or_else(|| {
        let timeout = terms.timeout?;
        Some(Deadline::from_start(now, timeout))
    });
    call.deadline = earliest(ambient.deadline, own);
    call.wait_for_ready = terms.wait_for_ready;
    if call.trace.is_none() {
        call.trace = ambient.trace;
    }
    call.limit = terms.reply_limit;
    call.compress = Some(terms.compression);
    if let Payload::Whole(framed) = &call.payload {
        let checked = terms.request_limit.check_framed_to_send(framed);
        checked.map_err(|status| status.with_method(call.method.path_cow()))?;
    }
    check(now, call.deadline, &call.method)
}

/// The earlier of what the caller has left and of what this call may take.
fn earliest(parent: Option<Deadline>, own: Option<Deadline>) -> Option<Deadline> {
    match (parent, own) {
        (Some(parent), Some(own)) => Some(parent.min(own)),
        (parent, own) => parent.or(own),
    }
}

/// Timers and connections need one, and tokio panics where there is none.
fn runtime(method: &MethodHandle) -> Result<(), Status> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(no_runtime().with_method(method.path_cow())),
    }
}

fn check(now: Instant, deadline: Option<Deadline>, method: &MethodHandle) -> Result<(), Status> {
    match deadline {
        Some(deadline) if deadline.is_expired(now) => {
            let late = Status::deadline_exceeded("the deadline had passed before the call began");
            Err(late.with_method(method.path_cow()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_deadline_counts() {
        let now = Instant::now();
        let s = |n: Option<u64>| n.map(Duration::from_secs);
        for (parent, own, want) in [
            (None, None, None),
            (None, Some(10), Some(10)),
            (Some(5), Some(10), Some(5)),
            (Some(50), Some(2), Some(2)),
            (Some(50), None, Some(50)),
        ] {
            let until = |t| Deadline::from_start(now, t);
            let got = earliest(s(parent).map(until), s(own).map(until));
            assert_eq!(got.map(|d| d.remaining(now).as_secs()), want);
        }
    }
}
