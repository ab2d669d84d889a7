//! Generates code for every good IDL of `tests/idl`: for both sides, and for each alone.
//! It refuses to choose: a new folder there is compiled here without a word.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use sinew_build::Config;

/// The sides of each, and what they are called.
const SIDES: [(&str, bool, bool); 3] = [("both", true, true), ("server", true, false), ("client", false, true)];

fn main() -> io::Result<()> {
    let good = Path::new("../../idl/good");
    println!("cargo::rerun-if-changed={}", good.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut cases: Vec<_> = fs::read_dir(good)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    cases.sort();
    let mut code = String::new();
    for case in cases {
        let name = format!("case_{}", case.file_name().unwrap_or_default().to_string_lossy());
        let _ = writeln!(code, "/// `{}`.\npub mod {name} {{", case.display());
        for (side, server, client) in SIDES {
            let folder = out.join(&name).join(side);
            match config(&case).server(server).client(client).out_dir(&folder).try_compile() {
                Ok(report) => {
                    let _ = writeln!(code, "    /// One way of it.\n    pub mod {side} {{ include!({:?}); }}", report.root);
                }
                Err(found) => found.lines().iter().for_each(|line| println!("cargo::error={line}")),
            }
        }
        code.push_str("}\n");
    }
    fs::write(out.join("cases.rs"), code)
}

/// All files of the folder, or those that its `files.txt` names; `roots.txt` names include roots below it, `set.bin` is a descriptor set.
fn config(case: &Path) -> Config {
    let list = |name| fs::read_to_string(case.join(name)).unwrap_or_default();
    let roots: Vec<_> = list("roots.txt").lines().map(|root| case.join(root)).collect();
    let (first, others) = roots.split_first().map_or((case.to_owned(), &[][..]), |(first, others)| (first.clone(), others));
    let files: Vec<_> = list("files.txt").lines().map(str::to_owned).collect();
    let config = others.iter().fold(Config::new(first), Config::include).files(files);
    let set = case.join("set.bin");
    if set.exists() { config.descriptor_set(set) } else { config }
}
