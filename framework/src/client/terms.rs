//! What holds for a call: what it says itself, else the file of policies, else what its method declares, else what the
//! channel is set to.
//! It refuses to read a clock: the start of a call (`enter.rs`) makes a deadline of a timeout.

use std::time::Duration;

use super::Defaults;
use crate::call::frame::Limit;
use crate::call::{Compression, MethodSpec};
use crate::overrides::Override;

/// What a call says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_reply_bytes: Option<usize>,
    pub(super) wait_for_ready: bool,
    pub(super) compress: Option<Option<Compression>>,
}

/// What the channel's own timeout applies to: unary calls, not streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounded {
    Yes,
    No,
}

/// What holds for a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) request_limit: Limit,
    pub(super) reply_limit: Limit,
    pub(super) wait_for_ready: bool,
    pub(super) compression: Option<Compression>,
}

impl Terms {
    /// `run_time` is what a file says, where there is one.
    pub(super) fn of(
        said: Said,
        run_time: Option<&Override>,
        method: &MethodSpec,
        defaults: &Defaults,
        bounded: Bounded,
    ) -> Self {
        let mut terms = Self {
            timeout: method.timeout().or(match bounded {
                Bounded::Yes => defaults.timeout,
                Bounded::No => None,
            }),
            idle_timeout: method.idle_timeout(),
            request_limit: method.request_limit(defaults.request_limit),
            reply_limit: method.reply_limit(defaults.reply_limit),
            wait_for_ready: method.policy().wait_for_ready.is_some_and(|one| one.value),
            compression: match said.compress {
                // There is no wire to save bytes on.
                _ if defaults.in_process => None,
                None => defaults.compression,
                Some(said) => said,
            },
        };
        if let Some(run_time) = run_time {
            terms.timeout = run_time.timeout.or(terms.timeout);
            // An entry may name methods whose replies do not stream: there is no silence between them.
            let idle_timeout = run_time.idle_timeout;
            let idle_timeout = idle_timeout.filter(|_| method.shape().server_streams());
            terms.idle_timeout = idle_timeout.or(terms.idle_timeout);
            terms.request_limit = run_time.request_limit(terms.request_limit);
            terms.reply_limit = run_time.reply_limit(terms.reply_limit);
            terms.wait_for_ready = run_time.wait_for_ready.unwrap_or(terms.wait_for_ready);
        }
        terms.timeout = said.timeout.or(terms.timeout);
        terms.idle_timeout = said.idle_timeout.or(terms.idle_timeout);
        if let Some(bytes) = said.max_reply_bytes {
            let setting = "`Call::max_reply_bytes`";
            terms.reply_limit = Limit { bytes, setting };
        }
        terms.wait_for_ready |= said.wait_for_ready;
        #[cfg(feature = "testing")]
        for timeout in [&mut terms.timeout, &mut terms.idle_timeout] {
            *timeout = timeout.map(|timeout| defaults.pace.of(timeout));
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Method;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Everything declared by a service config, by the method, by its service, and by nobody; all with another value.
    static CONFIG: Method<(), ()> = Method::server_stream("/a.A/Config")
        .by_service_config()
        .timeout(s(3))
        .idle_timeout(s(3))
        .max_request_bytes(3)
        .max_reply_bytes(3)
        .wait_for_ready(true);
    static OWN: Method<(), ()> = Method::server_stream("/a.A/Own")
        .timeout(s(4))
        .idle_timeout(s(4))
        .max_request_bytes(4);
    static SERVICE: Method<(), ()> = Method::server_stream("/a.A/Service")
        .by_service()
        .timeout(s(5))
        .idle_timeout(s(5))
        .max_request_bytes(5);
    static NOBODY: Method<(), ()> = Method::server_stream("/a.A/Nobody");
    static UPLOAD: Method<(), ()> = Method::client_stream("/a.A/Upload");

    #[test]
    fn the_nearest_to_the_call_wins() {
        let limit = |bytes| Limit {
            bytes,
            setting: "ChannelBuilder",
        };
        let defaults = Defaults {
            timeout: Some(s(6)),
            request_limit: limit(6),
            reply_limit: limit(6),
            compression: None,
            in_process: false,
            #[cfg(feature = "testing")]
            pace: crate::rt::pace::Pace::default(),
        };
        let call = Said {
            timeout: Some(s(1)),
            idle_timeout: Some(s(1)),
            max_reply_bytes: Some(1),
            wait_for_ready: true,
            compress: None,
        };
        let run_time = Override {
            timeout: Some(s(2)),
            idle_timeout: Some(s(2)),
            max_request_bytes: Some(2),
            max_reply_bytes: Some(2),
            wait_for_ready: Some(false),
            ..Override::default()
        };
        let (silent, nothing) = (Said::default(), Override::default());
        // The sources of timeout, idle timeout, request and reply limit by the number that each has above; waiting.
        for (said, over, method, bounded, want) in [
            (
                call,
                Some(&run_time),
                &CONFIG,
                Bounded::Yes,
                (1, 1, 2, 1, true),
            ),
            (call, None, &CONFIG, Bounded::Yes, (1, 1, 3, 1, true)),
            (
                silent,
                Some(&run_time),
                &CONFIG,
                Bounded::Yes,
                (2, 2, 2, 2, false),
            ),
            (
                silent,
                Some(&run_time),
                &NOBODY,
                Bounded::No,
                (2, 2, 2, 2, false),
            ),
            (
                silent,
                Some(&nothing),
                &CONFIG,
                Bounded::Yes,
                (3, 3, 3, 3, true),
            ),
            (silent, None, &CONFIG, Bounded::Yes, (3, 3, 3, 3, true)),
            (silent, None, &OWN, Bounded::Yes, (4, 4, 4, 6, false)),
            (silent, None, &SERVICE, Bounded::No, (5, 5, 5, 6, false)),
            (
                silent,
                Some(&nothing),
                &NOBODY,
                Bounded::Yes,
                (6, 0, 6, 6, false),
            ),
            (silent, None, &NOBODY, Bounded::No, (0, 0, 6, 6, false)),
            // There are no replies between which there could be silence, unless the call says so.
            (
                silent,
                Some(&run_time),
                &UPLOAD,
                Bounded::No,
                (2, 0, 2, 2, false),
            ),
        ] {
            let terms = Terms::of(said, over, method.spec(), &defaults, bounded);
            let seconds =
                |timeout: Option<Duration>| timeout.map_or(0, |timeout| timeout.as_secs());
            let got = (
                seconds(terms.timeout),
                seconds(terms.idle_timeout),
                terms.request_limit.bytes,
                terms.reply_limit.bytes,
                terms.wait_for_ready,
            );
            assert_eq!(got, want, "{said:?} {over:?} {method:?}");
            #[cfg(feature = "testing")]
            {
                let pace = crate::rt::pace::Pace::stretched(10);
                let slow = Defaults { pace, ..defaults };
                let terms = Terms::of(said, over, method.spec(), &slow, bounded);
                let got = (seconds(terms.timeout), seconds(terms.idle_timeout));
                assert_eq!(got, (10 * want.0, 10 * want.1), "{said:?} {over:?}");
            }
        }
    }
}
