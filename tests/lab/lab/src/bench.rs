//! What a run has at hand: the contenders, the cores, the effort.

use std::time::Duration;

use lab_common::Failure;

use crate::{
    against::{self, Revision},
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
    contenders: Vec<Contender>,
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
    /// Builds all that take part.
    ///
    /// # Errors
    /// When one of them does not build, or the revision is not known.
    pub(crate) fn prepare(options: &RunOptions) -> Result<Self, Failure> {
        let revision = options.against.as_deref().map(Revision::find).transpose()?;
        let progress = Progress::new();
        progress.show("building the peers");
        let mut contenders = compile::peers(compile::home(), None, PEERS)?;
        if let Some(revision) = &revision {
            contenders.push(against::contender(revision)?);
        }
        let effort = if options.quick { QUICK } else { FULL };
        Ok(Self {
            contenders,
            cores: cores::available(),
            effort,
            progress,
        })
    }

    /// All that take part.
    pub(crate) fn contenders(&self) -> &[Contender] {
        &self.contenders
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
