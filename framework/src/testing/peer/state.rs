//! What a scripted peer knows of its connection: bytes that came become events, frames to send become bytes.
//! It refuses to wait: that is `conn.rs`.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Buf as _, Bytes, BytesMut};

use super::event::{Closed, Event, without_padding};
use super::log::{Log, Way};
use crate::testing::frame::{ErrorCode, Frame, FrameKind, PREFACE, Setting};
use crate::testing::hpack::{Decoder, Malformed};

/// Events that wait for the script. The oldest go then: a peer that floods us must not fill the memory of the test.
const MAX_EVENTS: usize = 4096;

/// What they may hold together.
const MAX_EVENT_BYTES: usize = 16 << 20;

/// What a peer's header block may come to, in bytes, before it is decoded.
const MAX_BLOCK_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct State {
    /// What came and is no whole frame yet: one frame at most.
    pub(super) inbox: BytesMut,
    pub(super) out: BytesMut,
    pub(super) events: VecDeque<Event>,
    event_bytes: usize,
    decoder: Decoder,
    partial: Option<Partial>,
    /// What of messages has come, by stream.
    pub(super) bodies: BTreeMap<u32, Body>,
    pub(super) went_away: Option<(u32, ErrorCode, Bytes)>,
    pub(super) closed: Option<Closed>,
    /// Nothing more can be sent.
    pub(super) unwritable: bool,
    /// Settings and pings are acknowledged as they come.
    pub(super) answers: bool,
    /// Of the preface of a client, what has not come yet.
    preface: &'static [u8],
    malformed: Option<Malformed>,
    pub(super) log: Log,
}

/// A header block whose end has not come.
#[derive(Debug)]
struct Partial {
    stream: u32,
    end: bool,
    block: BytesMut,
}

/// A stream's bytes that have not been given out as messages.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) bytes: BytesMut,
    pub(super) ended: bool,
}

impl State {
    /// `awaits_preface`: the peer is a client.
    pub(super) fn new(awaits_preface: bool) -> Self {
        Self {
            inbox: BytesMut::new(),
            out: BytesMut::new(),
            events: VecDeque::new(),
            event_bytes: 0,
            decoder: Decoder::default(),
            partial: None,
            bodies: BTreeMap::new(),
            went_away: None,
            closed: None,
            unwritable: false,
            answers: true,
            preface: if awaits_preface { PREFACE } else { &[] },
            malformed: None,
            log: Log::default(),
        }
    }

    /// Frames that go out next.
    pub(super) fn queue(&mut self, frame: &Frame) {
        if frame.kind == FrameKind::Settings && !frame.has(Frame::ACK) {
            self.note_settings(frame);
        }
        self.log.frame(Way::Sent, frame);
        frame.write_to(&mut self.out);
    }

    /// The peer may use as large a table as we tell it.
    fn note_settings(&mut self, frame: &Frame) {
        if let Event::Settings(settings) = Event::of(frame.clone()) {
            let table = |(setting, value)| (setting == Setting::HeaderTableSize).then_some(value);
            if let Some(bytes) = settings.into_iter().find_map(table) {
                self.decoder.allow(bytes as usize);
            }
        }
    }

    /// Has come all of the preface, if one must?
    pub(super) fn is_begun(&self) -> bool {
        self.preface.is_empty()
    }

    /// Why nothing more can be read, though it may come.
    pub(super) fn malformed(&self) -> Option<&'static str> {
        self.malformed.map(|Malformed(why)| why)
    }

    pub(super) fn close(&mut self, closed: Closed) {
        if self.closed.is_none() {
            self.closed = Some(closed);
            self.log.note(match closed {
                Closed::Eof => "the peer closed its half".to_owned(),
                Closed::Broken(why) => format!("the connection broke: {why}"),
            });
        }
    }

    /// The oldest event that waits.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.take_event(|_| true)
    }

    /// The oldest event of those that wait that `wanted` says.
    pub(super) fn take_event(&mut self, wanted: impl FnMut(&Event) -> bool) -> Option<Event> {
        let at = self.events.iter().position(wanted)?;
        let event = self.events.remove(at)?;
        self.event_bytes -= event.bytes();
        Some(event)
    }

    /// Takes in what has come.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
        let begins = self.preface.len().min(self.inbox.len());
        if self.inbox[..begins] != self.preface[..begins] {
            self.malformed = Some(Malformed(
                "the peer did not begin with the preface of HTTP/2",
            ));
        }
        self.inbox.advance(begins);
        self.preface = &self.preface[begins..];
        while self.malformed.is_none() && self.is_begun() {
            let Some(frame) = Frame::read_from(&mut self.inbox) else {
                break;
            };
            self.log.frame(Way::Received, &frame);
            if let Err(why) = self.frame(frame) {
                self.malformed = Some(why);
            }
        }
        if self.malformed.is_some() {
            // It is not looked at any more.
            self.inbox.clear();
        }
    }

    fn frame(&mut self, frame: Frame) -> Result<(), Malformed> {
        match frame.kind {
            FrameKind::Headers => {
                let mut block =
                    without_padding(&frame).ok_or(Malformed("padding beyond the frame"))?;
                if frame.has(Frame::PRIORITY) {
                    block.advance(block.len().min(5));
                }
                let partial = Partial {
                    stream: frame.stream,
                    end: frame.has(Frame::END_STREAM),
                    block: block.into(),
                };
                return self.block(partial, frame.has(Frame::END_HEADERS));
            }
            FrameKind::Continuation => {
                let Some(mut partial) = self.partial.take() else {
                    return Err(Malformed("CONTINUATION of nothing"));
                };
                partial.block.extend_from_slice(&frame.payload);
                return self.block(partial, frame.has(Frame::END_HEADERS));
            }
            _ => {}
        }
        let event = Event::of(frame);
        match &event {
            Event::Settings(_) if self.answers => self.queue(&Frame::settings_ack()),
            Event::Ping(payload) if self.answers => self.queue(&Frame::ping_ack(*payload)),
            Event::GoAway { last, code, debug } => {
                self.went_away = Some((*last, *code, debug.clone()));
            }
            _ => {}
        }
        self.push(event);
        Ok(())
    }

    fn block(&mut self, partial: Partial, whole: bool) -> Result<(), Malformed> {
        if partial.block.len() > MAX_BLOCK_BYTES {
            return Err(Malformed("a header block of more than 1 MiB"));
        }
        if !whole {
            self.partial = Some(partial);
            return Ok(());
        }
        let Partial { stream, end, block } = partial;
        let fields = self.decoder.decode(&block)?;
        self.push(Event::Headers {
            stream,
            fields,
            end,
        });
        Ok(())
    }

    fn push(&mut self, event: Event) {
        self.event_bytes += event.bytes();
        self.events.push_back(event);
        while self.events.len() > MAX_EVENTS || self.event_bytes > MAX_EVENT_BYTES {
            match self.events.pop_front() {
                Some(oldest) => self.event_bytes -= oldest.bytes(),
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fields;

    fn received(frames: &[Frame]) -> State {
        let mut state = State::new(false);
        for frame in frames {
            state.receive(&frame.encode());
        }
        state
    }

    #[test]
    fn a_block_comes_in_parts_with_padding_and_priority() {
        let fields = Fields::new().with("a", "1").with("b", "2");
        let block = fields.encode();
        let head = [&[3][..], &[0; 5], &block[..4], &[0; 3]].concat();
        let flags = Frame::PADDED | Frame::PRIORITY | Frame::END_STREAM;
        let mut state = received(&[
            Frame::new(FrameKind::Headers, flags, 1, head),
            Frame::continuation(1, block.slice(4..5), false),
            Frame::continuation(1, block.slice(5..), true),
        ]);
        let event = state.next_event().unwrap();
        let end = true;
        let stream = 1;
        assert_eq!(
            event,
            Event::Headers {
                stream,
                fields,
                end
            }
        );
        assert_eq!(state.next_event(), None);
    }

    #[test]
    fn settings_and_pings_are_answered_unless_the_script_does() {
        let settings = Frame::settings(&[(Setting::EnablePush, 0)]);
        let mut state = received(&[
            settings.clone(),
            Frame::ping([7; 8]),
            Frame::ping_ack([1; 8]),
        ]);
        let answers = [
            Frame::settings_ack().encode(),
            Frame::ping_ack([7; 8]).encode(),
        ]
        .concat();
        assert_eq!(state.out, answers);
        assert_eq!(
            state.next_event(),
            Some(Event::Settings(vec![(Setting::EnablePush, 0)]))
        );
        state.out.clear();
        state.answers = false;
        state.receive(&settings.encode());
        assert!(state.out.is_empty());
    }

    #[test]
    fn a_flood_does_not_pile_up() {
        let mut state = State::new(false);
        let data = Frame::data(1, vec![0; 16_384], false).encode();
        let ping = Frame::ping([0; 8]).encode();
        state.answers = false;
        for _ in 0..2000 {
            state.receive(&data);
        }
        assert_eq!(state.event_bytes, MAX_EVENT_BYTES);
        assert_eq!(state.events.len(), MAX_EVENT_BYTES / 16_384);
        for _ in 0..10_000 {
            state.receive(&ping);
        }
        assert_eq!((state.events.len(), state.event_bytes), (MAX_EVENTS, 0));
    }

    #[test]
    fn what_is_not_http2_is_said_and_not_kept() {
        let cases: [(bool, &[u8], &str); 4] = [
            (true, b"GET / HTTP/1.1\r\n\r\n", "preface"),
            (
                false,
                b"\0\0\0\x09\x04\0\0\0\x01",
                "CONTINUATION of nothing",
            ),
            (false, b"\0\0\x01\x01\x0c\0\0\0\x01\x05", "padding"),
            (false, b"\0\0\x01\x01\x04\0\0\0\x01\x80", "index 0"),
        ];
        for (client, bytes, says) in cases {
            let mut state = State::new(client);
            state.receive(bytes);
            let why = state.malformed().unwrap();
            assert!(why.contains(says), "{why}");
            state.receive(&[0; 1000]);
            assert!(state.inbox.is_empty());
        }
    }

    #[test]
    fn frames_of_no_known_form_are_kept_as_they_are() {
        for frame in [
            Frame::new(FrameKind::Reset, 0, 1, "abc"),
            Frame::new(FrameKind::Settings, 0, 0, "abc"),
            Frame::new(FrameKind::Ping, 0, 0, "abc"),
            Frame::new(FrameKind::GoAway, 0, 0, "abcd"),
            Frame::new(FrameKind::WindowUpdate, 0, 0, ""),
            Frame::new(FrameKind::Data, Frame::PADDED, 1, "\x05abc"),
            Frame::priority(1, 3, 1),
            Frame::new(FrameKind::Unknown(99), 1, 2, "abc"),
        ] {
            let mut state = received(std::slice::from_ref(&frame));
            assert_eq!(state.next_event(), Some(Event::Other(frame)));
        }
    }
}
