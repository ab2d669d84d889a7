//! What a run has at hand: the contenders, the cores, the effort.
//!
//! It builds no peer before an experiment asks for it.

use std::{cell::OnceCell, time::Duration};

use lab_common::Failure;

use crate::{
    against::{self, Revision},
    build::side::Side,
    cli::RunOptions,
    compile,
    contender::{Contender, OURS},
    cores,
    progress::Progress,
};

/// The peers of this tree, ours first.
const PEERS: &[&str] = &[OURS, "tonic", "hyper"];

/// A run, prepared.
#[derive(Debug)]
pub(crate) struct Bench {
    revision: Option<Revision>,
    contenders: OnceCell<Vec<Contender>>,
    is_quick: bool,
    cores: Vec<usize>,
    effort: Effort,
    progress: Progress,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How long to wait for a quiet machine before each timed measurement.
    pub(crate) patience: Duration,
    /// Timed repeats of every contender.
    pub(crate) repeats: usize,
    /// Load before each timed window.
    pub(crate) warm_up: Duration,
    /// The timed window.
    pub(crate) window: Duration,
    /// The window of the counting pass, and the load before it: counts per call settle quickly.
    pub(crate) counting: Duration,
}

const FULL: Effort = Effort {
    patience: Duration::from_secs(5),
    repeats: 5,
    warm_up: Duration::from_millis(1000),
    window: Duration::from_millis(3000),
    counting: Duration::from_millis(500),
};

const QUICK: Effort = Effort {
    patience: Duration::ZERO,
    repeats: 3,
    warm_up: Duration::from_millis(250),
    window: Duration::from_millis(600),
    counting: Duration::from_millis(200),
};

impl Bench {
    /// Looks up what the options name.
    ///
    /// # Errors
    /// When the revision is not known.
    pub(crate) fn prepare(options: &RunOptions) -> Result<Self, Failure> {
        Ok(Self {
            revision: options.against.as_deref().map(Revision::find).transpose()?,
            contenders: OnceCell::new(),
            is_quick: options.quick,
            cores: cores::available(),
            effort: if options.quick { QUICK } else { FULL },
            progress: Progress::new(),
        })
    }

    /// All that take part in loads, built.
    ///
    /// # Errors
    /// When one of them does not build.
    pub(crate) fn contenders(&self) -> Result<&[Contender], Failure> {
        if let Some(contenders) = self.contenders.get() {
            return Ok(contenders);
        }
        self.progress.show("building the peers");
        let mut contenders = compile::peers(compile::home(), None, PEERS)?;
        if let Some(revision) = &self.revision {
            contenders.push(against::contender(revision)?);
        }
        Ok(self.contenders.get_or_init(|| contenders))
    }

    /// All that take part in builds, ours first.
    ///
    /// # Errors
    /// When the revision's files cannot be laid out.
    pub(crate) fn sides(&self) -> Result<Vec<Side>, Failure> {
        let mut sides = vec![Side::ours(OURS, &compile::top()), Side::tonic()];
        if let Some(revision) = &self.revision {
            sides.push(against::side(revision)?);
        }
        Ok(sides)
    }

    /// Whether a short form is wanted.
    pub(crate) fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// The cores to share out.
    pub(crate) fn cores(&self) -> &[usize] {
        &self.cores
    }

    /// How long to measure.
    pub(crate) fn effort(&self) -> Effort {
        self.effort
    }

    /// Where to show how far the run is.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }
}
