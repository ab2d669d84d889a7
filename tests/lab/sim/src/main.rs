//! Clusters that are simulated: `lab-sim ID quick|full` runs an experiment and prints what it came to as one JSON
//! object: from a figure to its values of each contender, one for each seed. The experiments of the lab run it and know
//! what the figures should be.

mod contender;
mod figures;
mod h4;
mod h6;
mod l1;
mod l2;
mod l3;
mod l4;
mod l5;
mod l7;
mod model;
mod rivals;

use std::{env, process::ExitCode};

use figures::Figures;
use lab_common::Failure;

/// How much to simulate.
#[derive(Clone, Copy)]
struct Effort {
    is_quick: bool,
}

impl Effort {
    fn seeds(self) -> std::ops::Range<u64> {
        if self.is_quick { 1..2 } else { 1..4 }
    }

    /// `full`, or less where it is to be quick.
    fn seconds(self, full: u64) -> std::time::Duration {
        let seconds = if self.is_quick { full / 5 } else { full };
        std::time::Duration::from_secs(seconds.max(3))
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (id, effort) = (arguments.next(), arguments.next());
    match run(id.as_deref(), effort.as_deref() == Some("quick")) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(id: Option<&str>, is_quick: bool) -> Result<Figures, Failure> {
    let effort = Effort { is_quick };
    match id {
        Some("L1") => Ok(l1::run(effort)),
        Some("L2") => Ok(l2::run(effort)),
        Some("L3") => Ok(l3::run(effort)),
        Some("L4") => Ok(l4::run(effort)),
        Some("L5") => Ok(l5::run(effort)),
        Some("L7") => Ok(l7::run(effort)),
        Some("H4") => Ok(h4::run(effort)),
        Some("H6") => Ok(h6::run(effort)),
        other => Err(Failure::new(format!("{other:?} is nothing to simulate"))),
    }
}
