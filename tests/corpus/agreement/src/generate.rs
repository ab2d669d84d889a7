//! Inputs by seed: one to three `.proto` files that use the whole language, and the same with one fault.
//! It refuses to depend on anything but the seed: an input is the same on every machine, at every time.

mod declarations;
mod enums;
mod faults;
mod fields;
mod literals;
mod messages;
mod options;
mod services;
mod spelling;
mod tokens;
mod world;

use std::{fs, io, path::Path};

use fastrand::Rng;
use serde_json::json;

use crate::generate::{
    tokens::{Style, Tokens},
    world::World,
};

/// What a seed gives.
pub(crate) struct Input {
    /// Names and texts.
    pub(crate) files: Vec<(String, String)>,
    /// What is wrong with it, if anything was made wrong.
    pub(crate) fault: Option<&'static str>,
}

/// Writes inputs, and a line of JSON for each.
///
/// # Errors
/// Of writing.
pub(crate) fn write(seed: u64, count: u64, to: Option<&Path>) -> io::Result<()> {
    for seed in seed..seed.saturating_add(count) {
        let input = input(seed);
        let names: Vec<_> = input.files.iter().map(|(name, _)| name).collect();
        let mut line = json!({ "seed": seed, "files": names, "fault": input.fault });
        match to {
            Some(to) => {
                let folder = to.join(seed.to_string());
                for (name, text) in &input.files {
                    let path = folder.join(name);
                    fs::create_dir_all(path.parent().unwrap_or(&folder))?;
                    fs::write(path, text)?;
                }
                line["folder"] = json!(folder);
            }
            None => {
                for (name, text) in &input.files {
                    println!("==== {name}\n{text}");
                }
            }
        }
        println!("{line}");
    }
    Ok(())
}

/// The input of a seed; odd ones have a fault.
pub(crate) fn input(seed: u64) -> Input {
    let mut rng = Rng::with_seed(seed);
    let wanted = (seed % 2 == 1).then(|| faults::choose(&mut rng));
    let mut generator = Generator {
        rng,
        wanted,
        fault: None,
        world: World::default(),
        file: 0,
        is_proto3: true,
        count: 0,
        depth: 0,
    };
    generator.input()
}

/// The state while an input is made.
pub(crate) struct Generator {
    rng: Rng,
    /// The fault that is to be made where it can be.
    wanted: Option<&'static str>,
    /// The fault that was made.
    fault: Option<&'static str>,
    world: World,
    /// The number of the file that is being written, and its syntax.
    file: usize,
    is_proto3: bool,
    /// Counts names, so that none is given twice by chance.
    count: u32,
    /// How deep groups are nested.
    depth: u32,
}

impl Generator {
    fn input(&mut self) -> Input {
        let count = self.pick(&[1, 1, 2, 3]);
        let mut files: Vec<(String, Tokens)> = Vec::new();
        for index in 0..count {
            self.file = index;
            let name = ["c.proto", "lib/b.proto", "a.proto"][index];
            let tokens = self.file_tokens(name);
            files.push((name.to_owned(), tokens));
        }
        if self.wanted.is_some() && self.fault.is_none() {
            let at = self.rng.usize(..files.len());
            self.fault = Some(faults::of_tokens(
                &mut self.rng,
                self.wanted,
                &mut files[at].1,
            ));
        }
        let style = self.pick(&[Style::Neat, Style::Neat, Style::Neat, Style::Odd]);
        let mut texts: Vec<_> = files
            .into_iter()
            .map(|(name, tokens)| (name, tokens::render(&tokens, &mut self.rng, style)))
            .collect();
        if let Some(fault) = self.fault {
            let at = self.rng.usize(..texts.len());
            faults::of_text(&mut self.rng, fault, &mut texts[at].1);
        }
        Input {
            files: texts,
            fault: self.fault,
        }
    }

    /// Is this the place to make that fault?
    fn strikes(&mut self, fault: &'static str) -> bool {
        let strikes = self.wanted == Some(fault) && self.fault.is_none() && self.rng.bool();
        if strikes {
            self.fault = Some(fault);
        }
        strikes
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.usize(..from.len())]
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u32) -> bool {
        self.rng.u32(..times) == 0
    }

    fn number(&mut self) -> u32 {
        self.count += 1;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_input_every_time() {
        for seed in 0..200 {
            assert_eq!(input(seed).files, input(seed).files);
        }
    }

    #[test]
    fn only_odd_seeds_are_broken_and_every_fault_is_made() {
        let mut made = BTreeSet::new();
        for seed in 0..20_000 {
            let fault = input(seed).fault;
            assert_eq!(fault.is_some(), seed % 2 == 1);
            made.extend(fault);
        }
        let all: BTreeSet<_> = faults::ALL.into_iter().collect();
        assert_eq!(made, all);
    }
}
