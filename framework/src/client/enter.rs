//! The start of a call: how long it has, and what it inherits from the handler that makes it.
//! It refuses to wait and to send.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::Defaults;
use super::call::Options;
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
    options: &Options,
    method: &MethodHandle,
    default: Option<Duration>,
) -> Result<Entered, Status> {
    runtime(method)?;
    let now = Instant::now();
    let Ambient { deadline, trace } = options.ambient.clone();
    let own = own(options.timeout, method, default);
    let deadline = earliest(now, deadline, own);
    check(now, deadline, method)?;
    Ok(Entered { deadline, trace })
}

/// As [`enter`], for a call that no stub made.
pub(crate) fn raw(call: &mut RawCall, defaults: &Defaults) -> Result<(), Status> {
    if call.method.service().is_empty() || call.method.name().is_empty() {
        return Err(Status::invalid_argument(format!(
            "{:?} is no path of a method, which looks like /package.Service/Method",
            call.method.path()
        )));
    }
    runtime(&call.method)?;
    let now = Instant::now();
    let ambient = Ambient::current();
    let option = call.deadline.map(|deadline| deadline.remaining(now));
    let own = own(option, &call.method, defaults.timeout);
    call.deadline = earliest(now, ambient.deadline, own);
    if call.trace.is_none() {
        call.trace = ambient.trace;
    }
    call.limit = call.method.reply_limit(defaults.reply_limit);
    if let Payload::Whole(framed) = &call.payload {
        let limit = call.method.request_limit(defaults.request_limit);
        let checked = limit.check_framed_to_send(framed);
        checked.map_err(|status| status.with_method(call.method.path_cow()))?;
    }
    check(now, call.deadline, &call.method)
}

/// What this call may take: its own option, else what its method declares in the IDL, else the default of the channel.
/// What may be set while the process runs will stand between the first two.
fn own(
    option: Option<Duration>,
    method: &MethodHandle,
    default: Option<Duration>,
) -> Option<Duration> {
    option.or(method.timeout()).or(default)
}

/// The earlier of what the caller has left and of what this call may take.
fn earliest(now: Instant, parent: Option<Deadline>, own: Option<Duration>) -> Option<Deadline> {
    let own = own.map(|timeout| Deadline::from_start(now, timeout));
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
    use crate::call::Method;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_deadline_counts() {
        let now = Instant::now();
        let s = |n: Option<u64>| n.map(Duration::from_secs);
        static DECLARES: Method<(), ()> =
            Method::unary("/test.v1.Talk/Once").timeout(Duration::from_secs(7));
        static SILENT: Method<(), ()> = Method::unary("/test.v1.Talk/Once");
        for (parent, option, method, default, want) in [
            (None, None, &SILENT, None, None),
            (None, None, &SILENT, Some(10), Some(10)),
            (None, None, &DECLARES, None, Some(7)),
            (None, None, &DECLARES, Some(5), Some(7)),
            (None, Some(60), &DECLARES, Some(10), Some(60)),
            (None, Some(60), &SILENT, Some(10), Some(60)),
            (Some(5), None, &SILENT, Some(10), Some(5)),
            (Some(5), None, &DECLARES, Some(10), Some(5)),
            (Some(5), Some(60), &SILENT, None, Some(5)),
            (Some(50), Some(2), &SILENT, Some(10), Some(2)),
            (Some(50), None, &DECLARES, None, Some(7)),
            (Some(50), None, &SILENT, None, Some(50)),
        ] {
            let parent = s(parent).map(|t| Deadline::from_start(now, t));
            let own = own(s(option), &method.spec().into(), s(default));
            let got = earliest(now, parent, own);
            assert_eq!(got.map(|d| d.remaining(now).as_secs()), want);
        }
    }
}
