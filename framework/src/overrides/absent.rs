//! What stands for a file of policies without the feature `policy-file`: types without values, since nothing can name a
//! file then.
//! It refuses to answer: what is asked of them is asked by nobody.

use super::show::RunTime;
use super::state::PolicyState;
use super::table::Override;
use crate::call::{MethodSpec, ServiceSpec};
use crate::observe::{Observer, Side};

/// A file that was read.
pub(crate) enum Loaded {}

impl Loaded {
    pub(crate) fn run_time(&self) -> RunTime {
        match *self {}
    }
}

/// A file that holds for calls.
#[derive(Debug)]
pub(crate) enum Overrides {}

impl Overrides {
    pub(crate) fn new(loaded: Loaded, _: Side, _: Observer, _: Vec<&'static ServiceSpec>) -> Self {
        match loaded {}
    }

    pub(crate) fn of(&self, _: &MethodSpec) -> Override {
        match *self {}
    }

    pub(crate) fn run_time(&self) -> RunTime {
        match *self {}
    }

    pub(crate) fn state(&self) -> PolicyState {
        match *self {}
    }
}
