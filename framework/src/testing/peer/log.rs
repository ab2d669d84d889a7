//! The last frames of a connection, for the message of a test that fails.
//! It refuses to grow: a flood is one line, and old lines go.

use std::collections::VecDeque;
use std::fmt;

use crate::testing::frame::Frame;

/// Lines that are kept: a script and what comes back to it, twice over.
const LINES: usize = 64;

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Sent,
    Received,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    lines: VecDeque<Line>,
    left_out: u64,
}

/// Frames of one kind in a row, or what else happened.
#[derive(Debug)]
enum Line {
    Frames {
        way: Way,
        first: Frame,
        last: u32,
        count: u64,
    },
    Note(String),
}

impl Log {
    pub(super) fn frame(&mut self, way: Way, frame: &Frame) {
        if let Some(Line::Frames {
            way: before,
            first,
            last,
            count,
        }) = self.lines.back_mut()
            && (*before, first.kind, first.flags) == (way, frame.kind, frame.flags)
        {
            *last = frame.stream;
            *count += 1;
            return;
        }
        self.push(Line::Frames {
            way,
            first: shortened(frame),
            last: frame.stream,
            count: 1,
        });
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.push(Line::Note(what.into()));
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(line);
    }
}

/// Payloads of DATA and blocks are not shown: they need not be kept either.
fn shortened(frame: &Frame) -> Frame {
    const SHOWN: usize = 1024;
    let mut frame = frame.clone();
    if frame.payload.len() <= SHOWN {
        // What is shared may be a slice of much more.
        frame.payload = frame.payload.to_vec().into();
    } else {
        frame.payload = vec![0; frame.payload.len().min(SHOWN)].into();
    }
    frame
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.left_out > 0 {
            writeln!(f, "  … {} lines before", self.left_out)?;
        }
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Frames {
            way,
            first,
            last,
            count,
        } = self
        else {
            let Self::Note(note) = self else {
                return Ok(());
            };
            return write!(f, "  {note}");
        };
        let way = match way {
            Way::Sent => '>',
            Way::Received => '<',
        };
        write!(f, "{way} {first}")?;
        match count {
            1 => Ok(()),
            _ if *last == first.stream => write!(f, "; {count} such"),
            _ => write!(f, "; {count} such, up to stream {last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_and_old_lines_go() {
        let mut log = Log::default();
        for stream in 0..1000 {
            log.frame(Way::Sent, &Frame::data(2 * stream + 1, "x", true));
        }
        log.frame(Way::Received, &Frame::ping([0; 8]));
        log.note("end of file");
        assert_eq!(
            log.to_string(),
            "  > DATA on stream 1, its last, 1 bytes; 1000 such, up to stream 1999\n  < PING, 8 bytes\n    \
             end of file\n"
        );
        for _ in 0..LINES {
            log.frame(Way::Sent, &Frame::ping([0; 8]));
            log.frame(Way::Received, &Frame::ping_ack([0; 8]));
        }
        assert_eq!(log.lines.len(), LINES);
        assert!(
            log.to_string().starts_with("  … 67 lines before\n"),
            "{log}"
        );
    }
}
