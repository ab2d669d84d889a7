//! The way from a set to units: groups of files that compile together.
//!
//! Public sets hold files that are broken on purpose, and files that declare the same names, which no compiler takes at
//! once. So what is refused is put aside with whoever imports it, the rest is compiled, and what was put aside gets
//! another try without that rest; at last each file that is left is tried alone. It refuses to look at a file itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use sinew_build::{Config, Diagnostic, Diagnostics, Report, Severity};
use sinew_idl::diag::Span;

use crate::{
    counts,
    imports::Imports,
    request::{Answer, Rejected, Request, Unit},
};

/// Compiles the set as far as it goes.
///
/// # Errors
/// What is wrong with the request, and answers of the compiler that make no sense.
pub(crate) fn compile(request: &Request) -> Result<Answer, String> {
    let mut work = Work::new(request)?;
    let mut open: BTreeSet<String> = request.files.iter().cloned().collect();
    if open.is_empty() {
        return Err("there is no file to compile".to_owned());
    }
    while let Some(accepted) = work.accept_most(&open)? {
        open.retain(|file| !accepted.contains(file));
    }
    for file in &open {
        work.judge(file)?;
    }
    work.answer.apart = work.apart();
    Ok(work.answer)
}

struct Work<'a> {
    request: &'a Request,
    /// Made when the first file is refused: most sets need none.
    imports: Option<Imports>,
    /// What was said first about each file that was put aside.
    blamed: BTreeMap<String, Rejected>,
    answer: Answer,
}

impl<'a> Work<'a> {
    fn new(request: &'a Request) -> Result<Self, String> {
        if request.roots.is_empty() {
            return Err("there is no include root".to_owned());
        }
        Ok(Self {
            request,
            imports: None,
            blamed: BTreeMap::new(),
            answer: Answer::default(),
        })
    }

    /// Compiles as many of the files as compile together; `None` when no two do.
    fn accept_most(
        &mut self,
        files: &BTreeSet<String>,
    ) -> Result<Option<BTreeSet<String>>, String> {
        let mut rest = files.clone();
        while !rest.is_empty() {
            match self.run(&rest) {
                Ok(report) => {
                    self.keep(&report, &rest)?;
                    return Ok(Some(rest));
                }
                Err(found) => {
                    let refused = places(&found);
                    for file in &refused {
                        if let Some(error) = first(&found, file) {
                            let first = || rejected(file, error);
                            self.blamed.entry(file.clone()).or_insert_with(first);
                        }
                    }
                    let imports = self
                        .imports
                        .get_or_insert_with(|| Imports::of(&self.request.roots, files));
                    let before = rest.len();
                    rest.retain(|file| !imports.reaches_any(file, &refused));
                    if rest.len() == before {
                        // Nobody is to blame: each is asked alone.
                        return Ok(None);
                    }
                }
            }
        }
        Ok(None)
    }

    /// Compiles one file alone, and keeps its code or the reason why there is none.
    fn judge(&mut self, file: &str) -> Result<(), String> {
        let alone = BTreeSet::from([file.to_owned()]);
        match self.run(&alone) {
            Ok(report) => self.keep(&report, &alone),
            Err(found) => {
                let error = first(&found, file)
                    .ok_or_else(|| format!("{file} was refused without an error"))?;
                self.answer.rejected.push(rejected(file, error));
                Ok(())
            }
        }
    }

    fn run(&mut self, files: &BTreeSet<String>) -> Result<Report, Diagnostics> {
        self.answer.runs += 1;
        let out = self.folder();
        let (first, more) = self.request.roots.split_at(1);
        more.iter()
            .fold(Config::new(&first[0]), Config::include)
            .files(files.iter().cloned())
            .out_dir(out)
            .try_compile()
    }

    /// Why files are not in the first unit although they are accepted: as far as the reason is in themselves.
    fn apart(&mut self) -> Vec<Rejected> {
        let later = self.answer.units.iter().skip(1);
        later
            .flat_map(|unit| &unit.files)
            .filter_map(|file| self.blamed.remove(file))
            .collect()
    }

    /// Where the next unit goes.
    fn folder(&self) -> PathBuf {
        self.request
            .out
            .join(format!("unit{}", self.answer.units.len()))
    }

    fn keep(&mut self, report: &Report, files: &BTreeSet<String>) -> Result<(), String> {
        let code = report.root.clone();
        let counts = counts::of(&described(&code)?, files)
            .map_err(|error| format!("the embedded descriptors of {}: {error}", code.display()))?;
        if counts.services != report.services.len() {
            return Err(format!(
                "{} services are reported, and {} embedded",
                report.services.len(),
                counts.services
            ));
        }
        self.answer.units.push(Unit {
            code,
            files: files.iter().cloned().collect(),
            counts,
        });
        Ok(())
    }
}

fn described(code: &Path) -> Result<Vec<u8>, String> {
    let path = code.with_extension("").join("descriptors.bin");
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The files that errors are in.
fn places(found: &Diagnostics) -> BTreeSet<String> {
    errors(found)
        .filter_map(|error| place(error).map(|(file, _)| file))
        .collect()
}

/// The error that a person would look at: one in the file itself rather than in an import.
fn first<'a>(found: &'a Diagnostics, file: &str) -> Option<&'a Diagnostic> {
    let own = errors(found).find(|error| place(error).is_some_and(|(at, _)| at == file));
    own.or_else(|| errors(found).next())
}

fn errors(found: &Diagnostics) -> impl Iterator<Item = &Diagnostic> {
    found.iter().filter(|one| one.severity == Severity::Error)
}

/// File and line; nothing where an error has no place.
fn place(error: &Diagnostic) -> Option<(String, u32)> {
    match &error.span {
        Span::Idl { file, line, .. } => Some((file.to_string(), *line)),
        _ => None,
    }
}

fn rejected(file: &str, error: &Diagnostic) -> Rejected {
    let (at, line) = place(error).unwrap_or_else(|| (file.to_owned(), 0));
    Rejected {
        file: file.to_owned(),
        at,
        line,
        code: error.code.to_owned(),
        message: error.message.clone(),
    }
}

#[cfg(test)]
mod tests;
