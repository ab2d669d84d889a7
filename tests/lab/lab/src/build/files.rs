//! Files of a folder: how much they are, and which of them were written since.
//!
//! It looks at sizes and times, and into no file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The files below a folder, as they are at one moment.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Files(BTreeMap<PathBuf, Stamp>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Stamp {
    bytes: u64,
    written: SystemTime,
}

impl Files {
    /// Those below `folder`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn below(folder: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        files.add(folder)?;
        Ok(files)
    }

    fn add(&mut self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                self.add(&entry.path())?;
            } else {
                let stamp = Stamp {
                    bytes: about.len(),
                    written: about.modified()?,
                };
                self.0.insert(entry.path(), stamp);
            }
        }
        Ok(())
    }

    /// The bytes of those whose names end in `extension`.
    pub(crate) fn bytes(&self, extension: &str) -> u64 {
        let of_kind = self
            .0
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|its| its == extension));
        of_kind.map(|(_, stamp)| stamp.bytes).sum()
    }

    /// How many were written since `before`, new ones among them.
    pub(crate) fn written_since(&self, before: &Self) -> usize {
        let is_as_before = |(path, stamp): &(&PathBuf, &Stamp)| before.0.get(*path) != Some(*stamp);
        self.0.iter().filter(is_as_before).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_again_counts_and_what_was_not_does_not() -> io::Result<()> {
        let folder = std::env::temp_dir().join(format!("lab-files-{}", std::process::id()));
        fs::create_dir_all(folder.join("in"))?;
        fs::write(folder.join("a.rs"), "a")?;
        fs::write(folder.join("in/b.rs"), "bb")?;
        fs::write(folder.join("c.bin"), "ccc")?;
        let before = Files::below(&folder)?;
        fs::write(folder.join("in/b.rs"), "bbb")?;
        fs::write(folder.join("d.rs"), "")?;
        let after = Files::below(&folder)?;
        fs::remove_dir_all(&folder)?;
        assert_eq!(before.bytes("rs"), 3);
        assert_eq!(
            (after.written_since(&before), before.written_since(&before)),
            (2, 0)
        );
        Ok(())
    }
}
