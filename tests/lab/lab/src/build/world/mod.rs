//! A world of `.proto` files, as large as asked: what the experiments on builds feed to the compilers.
//!
//! It is made up, and the same for the same size. What it is made of follows the averages of the
//! largest public set of APIs (googleapis, mid-2026): 7 rpcs a service, 3.3 fields a message, half
//! of all lines comments; with 15 instead of 25 messages a service, since many of those belong to
//! versions of one another, and more streams, so that each shape is met.
//! It refuses to hold what only one of the compilers takes.

mod file;
mod message;
mod words;

use std::{fs, path::Path};

use lab_common::Failure;

/// Services of a package, half of them in each of its two files.
pub(crate) const SERVICES_PER_PACKAGE: usize = 4;
/// Services of a file.
const SERVICES_PER_FILE: usize = 2;
/// Packages whose resources hold one another, each that of the package before. Without an end, the messages of 500
/// services are nested deeper than the 128 types that rustc follows, and deeper than those of anybody.
const PACKAGES_PER_CHAIN: usize = 8;

/// One `.proto` file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where it lies below the root of imports.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) text: String,
}

/// The files of `services` services.
pub(crate) fn sources(services: usize) -> Vec<Source> {
    let starts = (0..services).step_by(SERVICES_PER_FILE);
    let of_services = starts.map(|start| {
        let end = services.min(start + SERVICES_PER_FILE);
        file::of_services(start..end)
    });
    std::iter::once(file::common()).chain(of_services).collect()
}

/// Writes `sources` below `root`, in place of whatever is there.
///
/// # Errors
/// When the file system says no.
pub(crate) fn lay_out(sources: &[Source], root: &Path) -> Result<(), Failure> {
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    for Source { name, text } in sources {
        let path = root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(sources: &[Source], start: &str) -> usize {
        let lines = sources.iter().flat_map(|source| source.text.lines());
        lines
            .filter(|line| line.trim_start().starts_with(start))
            .count()
    }

    #[test]
    fn has_as_many_services_as_asked_and_is_sized_like_real_ones() {
        let sources = sources(100);
        assert_eq!(sources.len(), 51);
        assert_eq!(count(&sources, "service "), 100);
        assert_eq!(count(&sources, "rpc "), 700);
        let messages = count(&sources, "message ");
        assert!((1_300..1_700).contains(&messages), "{messages}");
        let lines = count(&sources, "");
        let comments = count(&sources, "//");
        assert!(
            (40..=55).contains(&(comments * 100 / lines)),
            "{comments} of {lines}"
        );
    }

    #[test]
    fn has_rpcs_of_all_shapes() {
        let sources = sources(12);
        let rpcs: Vec<_> = sources
            .iter()
            .flat_map(|source| source.text.lines())
            .filter(|line| line.contains("rpc "))
            .collect();
        for (request, reply) in [(false, false), (false, true), (true, false), (true, true)] {
            let is_of_shape = |line: &&str| {
                let (before, after) = line.split_once("returns").unwrap_or((line, ""));
                before.contains("(stream ") == request && after.contains("(stream ") == reply
            };
            assert!(rpcs.iter().any(is_of_shape), "{request} {reply}");
        }
    }

    #[test]
    fn is_the_same_each_time() {
        let texts = |sources: Vec<Source>| {
            sources
                .into_iter()
                .map(|source| source.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(sources(8)), texts(sources(8)));
    }
}
