//! Notices that a peer is dead though nobody sends anything: pings it when it has been silent, and gives it up when it
//! does not answer.
//! It refuses to ping foreign servers more often than gRPC's own allow.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::transport::heard::Heard;

/// How often it is looked whether the peer was heard. A peer that was not since the last look is pinged, and has as
/// long to answer: a dead one is noticed three of these after its last byte, at most.
const TICK: Duration = Duration::from_secs(5);

/// How often a server that is not ours is pinged at most, and only while calls are in flight: gRPC servers close a
/// connection whose client pings more often than every five minutes, or without calls (gRFC A8, `too_many_pings`).
const FOREIGN: Duration = Duration::from_secs(5 * 60);

/// Pings for its user: how often, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeepAlive {
    /// Ours every few seconds, others gently.
    Default,
    /// Every server alike, looked at so often.
    Every(Duration),
    Off,
}

/// What is known at a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Something came since the last look.
    pub(super) heard: bool,
    /// Calls are in flight.
    pub(super) busy: bool,
    /// The server has said that it is ours.
    pub(super) ours: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Do {
    Nothing,
    Ping,
    GiveUp,
}

/// What becomes of a silent peer: a pure decision.
#[derive(Debug)]
struct Silence {
    tick: Duration,
    /// Every server alike.
    always: bool,
    /// A ping is not answered yet.
    waiting: bool,
    /// Since the last ping; a foreign server may be pinged at once.
    since_ping: Duration,
}

impl Silence {
    fn look(&mut self, look: Look) -> Do {
        self.since_ping = self.since_ping.saturating_add(self.tick);
        if look.heard {
            self.waiting = false;
            return Do::Nothing;
        }
        if self.waiting {
            return Do::GiveUp;
        }
        let may = self.always || look.ours || (look.busy && self.since_ping >= FOREIGN);
        if !may {
            return Do::Nothing;
        }
        self.waiting = true;
        self.since_ping = Duration::ZERO;
        Do::Ping
    }
}

/// Watches one connection.
pub(super) struct Watch {
    ping_pong: PingPong,
    /// A ping was sent, and its answer not taken.
    pinged: bool,
    heard: Heard,
    silence: Silence,
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    /// Nothing where nobody is to be pinged.
    pub(super) fn new(keep_alive: KeepAlive, ping_pong: PingPong, heard: Heard) -> Option<Self> {
        let (tick, always) = match keep_alive {
            KeepAlive::Default => (TICK, false),
            KeepAlive::Every(tick) => (tick, true),
            KeepAlive::Off => return None,
        };
        Some(Self {
            ping_pong,
            pinged: false,
            heard,
            silence: Silence {
                tick,
                always,
                waiting: false,
                since_ping: FOREIGN,
            },
            timer: Box::pin(sleep_until(Instant::now() + tick)),
        })
    }

    /// Ready when the peer is given up.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        known: impl FnOnce(bool) -> Look,
    ) -> Poll<()> {
        // The answer has been heard as bytes; it is taken so that the next ping can be sent.
        if self.pinged && self.ping_pong.poll_pong(cx).is_ready() {
            self.pinged = false;
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let done = self.silence.look(known(self.heard.take()));
        match done {
            Do::GiveUp => return Poll::Ready(()),
            Do::Ping => {
                // It fails when the last one is not answered yet, which then is the one to wait for, and when the
                // connection is over, which its driver is about to learn.
                let _ = self.ping_pong.send_ping(Ping::opaque());
                self.pinged = true;
            }
            Do::Nothing => {}
        }
        let next = Instant::now() + self.silence.tick;
        self.timer.as_mut().reset(next);
        // It has to be asked once, to wake this task.
        let _ = self.timer.as_mut().poll(cx);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(always: bool, look: Look, heard: &[bool]) -> Vec<Do> {
        let mut silence = Silence {
            tick: TICK,
            always,
            waiting: false,
            since_ping: FOREIGN,
        };
        let look = |&heard| silence.look(Look { heard, ..look });
        heard.iter().map(look).collect()
    }

    #[test]
    fn a_silent_peer_is_pinged_and_given_up_and_one_that_answers_is_not() {
        use Do::{GiveUp, Nothing, Ping};
        let of = |busy, ours| Look {
            heard: false,
            busy,
            ours,
        };
        for (always, look, heard, done) in [
            (
                false,
                of(false, true),
                &[true, false, false][..],
                vec![Nothing, Ping, GiveUp],
            ),
            (
                false,
                of(false, true),
                &[false, true, false, true],
                vec![Ping, Nothing, Ping, Nothing],
            ),
            (false, of(true, true), &[true, true], vec![Nothing, Nothing]),
            (false, of(false, false), &[false; 3], vec![Nothing; 3]),
            (false, of(true, false), &[false, false], vec![Ping, GiveUp]),
            (
                false,
                of(true, false),
                &[false, true, false, false],
                vec![Ping, Nothing, Nothing, Nothing],
            ),
            (true, of(false, false), &[false, false], vec![Ping, GiveUp]),
        ] {
            assert_eq!(
                looks(always, look, heard),
                done,
                "{always} {look:?} {heard:?}"
            );
        }
    }

    #[test]
    fn a_foreign_server_is_pinged_every_five_minutes_at_most() {
        let look = Look {
            heard: false,
            busy: true,
            ours: false,
        };
        // It answers each ping, and says nothing else.
        let mut heard = vec![false; 1];
        let mut pings = Vec::new();
        let mut silence = Silence {
            tick: TICK,
            always: false,
            waiting: false,
            since_ping: FOREIGN,
        };
        for tick in 0..200u32 {
            let answered = heard.pop().unwrap_or(false);
            let done = silence.look(Look {
                heard: answered,
                ..look
            });
            if done == Do::Ping {
                pings.push(tick);
                heard.push(true);
            }
        }
        assert_eq!(pings, [0, 60, 120, 180]);
    }
}
