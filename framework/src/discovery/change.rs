//! What came of a reading: what logs say, once for each change.
//! It refuses to name instances: there may be thousands.

use std::fmt;
use std::sync::Arc;

/// How many came and went, and what is to be known besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// It is the first answer.
    pub(super) is_first: bool,
    pub(super) came: usize,
    pub(super) left: usize,
    /// Changed in place.
    pub(super) changed: usize,
    pub(super) held: usize,
    /// Kept or passed by as they come and go.
    pub(super) damped: usize,
    /// Those that were held or damped and are no more, with nothing else to say of them.
    pub(super) settled: usize,
    /// Why it is not what was read.
    pub(super) staled: Option<Arc<str>>,
    /// It is so in part.
    pub(super) is_part: bool,
    pub(super) is_fresh_again: bool,
}

impl Change {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn is_of_members(&self) -> bool {
        let Self {
            came,
            left,
            changed,
            held,
            damped,
            settled,
            ..
        } = self;
        came + left + changed + held + damped + settled > 0
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separate = "";
        let mut say = |what: fmt::Arguments<'_>| {
            let done = write!(f, "{separate}{what}");
            separate = ", ";
            done
        };
        if self.is_first {
            say(format_args!("first answer"))?;
        }
        for (count, what) in [
            (self.came, "came"),
            (self.left, "left"),
            (self.changed, "changed"),
            (
                self.held,
                "held although left out, as too many were at once",
            ),
            (self.damped, "come and go, and have to be steady first"),
            (self.settled, "settled"),
        ] {
            if count > 0 {
                say(format_args!("{count} {what}"))?;
            }
        }
        if let Some(why) = &self.staled {
            let what = if self.is_part { "in part" } else { "kept" };
            say(format_args!("{what} as it was: {why}"))?;
        }
        if self.is_fresh_again {
            say(format_args!("read again"))?;
        }
        Ok(())
    }
}
