//! Compiles `.proto` files and prints what is wrong with them: `check ROOT [FILE…]`, by default all files under the
//! root.
//! It refuses to write anything: `sinew-build` does.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use sinew_idl_proto::{Sources, compile};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(root) = arguments.next() else {
        println!("usage: check ROOT [FILE…]");
        return ExitCode::FAILURE;
    };
    let mut files: Vec<_> = arguments.collect();
    if files.is_empty() {
        collect(&root, &root, &mut files);
    }
    let sources = Sources {
        roots: vec![root],
        files,
    };
    let start = Instant::now();
    match compile(&sources) {
        Ok(compiled) => {
            println!(
                "{} files, {} services in {:?}",
                compiled.pool.files().len(),
                compiled.schema.services.len(),
                start.elapsed()
            );
            ExitCode::SUCCESS
        }
        Err(found) => {
            print!("{}", found.render());
            println!("{} found in {:?}", found.len(), start.elapsed());
            ExitCode::FAILURE
        }
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.extend(path.strip_prefix(root).map(Path::to_owned));
        }
    }
}
