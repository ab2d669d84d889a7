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
const SIDES: [(&str, bool, bool); 3] = [
    ("both", true, true),
    ("server", true, false),
    ("client", false, true),
];

/// Descriptor sets of editions files, beside the folder of those.
const SETS: [&str; 2] = ["16_editions/explicit.binpb", "16_editions/implicit.binpb"];

fn main() -> io::Result<()> {
    let idl = Path::new("../../idl");
    println!("cargo::rerun-if-changed={}", idl.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let good = fs::read_dir(idl.join("good"))?.map(|entry| Ok(entry?.path()));
    let mut cases = good.collect::<io::Result<Vec<_>>>()?;
    cases.extend(SETS.map(|set| idl.join("sets").join(set)));
    cases.sort();
    let mut code = String::new();
    for case in cases {
        let name = format!(
            "case_{}",
            case.file_stem().unwrap_or_default().to_string_lossy()
        );
        let _ = writeln!(code, "/// `{}`.\npub mod {name} {{", case.display());
        for (side, server, client) in SIDES {
            let folder = out.join(&name).join(side);
            let mut config = config(&case);
            if !server {
                // Other types of fields than the defaults, on one of the sides.
                config = config.bytes(".").btree_map(".");
            }
            match config
                .server(server)
                .client(client)
                .out_dir(&folder)
                .try_compile()
            {
                Ok(report) => {
                    let _ = writeln!(
                        code,
                        "    /// One way of it.\n    pub mod {side} {{ include!({:?}); }}",
                        report.root
                    );
                }
                Err(found) => found
                    .lines()
                    .iter()
                    .for_each(|line| println!("cargo::error={line}")),
            }
        }
        code.push_str("}\n");
    }
    fs::write(out.join("cases.rs"), code)
}

/// All files of the folder, or those that its `files.txt` names; `roots.txt` names include roots below it. Or all of a
/// descriptor set.
fn config(case: &Path) -> Config {
    if case
        .extension()
        .is_some_and(|extension| extension == "binpb")
    {
        return Config::new("no folder says which files").descriptor_set(case);
    }
    let list = |name| fs::read_to_string(case.join(name)).unwrap_or_default();
    let mut roots: Vec<_> = list("roots.txt")
        .lines()
        .map(|root| case.join(root))
        .collect();
    if roots.is_empty() {
        roots.push(case.to_owned());
    }
    let files: Vec<_> = list("files.txt").lines().map(str::to_owned).collect();
    roots[1..]
        .iter()
        .fold(Config::new(&roots[0]), Config::include)
        .files(files)
}
