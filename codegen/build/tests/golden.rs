//! Small IDLs and the exact code that is generated for them: `golden/<name>/*.proto` gives `golden/<name>/expected/`.
//! `SINEW_BLESS=1` writes what comes out, for a person to read in the diff.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use sinew_build::Config;

/// What each case sets, beside its folder.
fn configured(name: &str, config: Config) -> Config {
    match name {
        "client_only" => config.server(false),
        "server_only" => config.client(false),
        "shared_messages" => config.extern_path(".ping", "::messages::ping"),
        "messages_only" => config.server(false).client(false),
        "options" => config
            .bytes(".shop.Image.pixels")
            .btree_map(".shop.Image.labels")
            .boxed(".shop.Image.origin")
            .type_attribute(".shop.Color", "#[non_exhaustive]")
            .field_attribute(".shop.Image.pixels", "#[doc(alias = \"raw\")]")
            .serde(".shop.Origin")
            .skip_debug(".shop.Secret")
            .disable_comments(".shop.Secret")
            .extern_path(".geo", "::geo_types::geo"),
        _ => config,
    }
}

#[test]
fn generated_code_is_as_expected() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<_> = fs::read_dir(&golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 8, "the cases are gone");
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("golden")
            .join(name);
        let _ = fs::remove_dir_all(&out);
        let report = configured(name, Config::new(&case))
            .out_dir(&out)
            .try_compile();
        let report = report.unwrap_or_else(|found| panic!("{name}: {found}"));
        assert_eq!(report.root, out.join("sinew.rs"));
        let (actual, expected) = (code(&out), code(&case.join("expected")));
        if actual != expected {
            if env::var_os("SINEW_BLESS").is_some() {
                bless(&case.join("expected"), &actual);
            } else {
                wrong.push(name.to_owned());
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "differ (SINEW_BLESS=1 takes the new code): {wrong:?}"
    );
}

/// The Rust files of a folder, by their paths in it.
fn code(folder: &Path) -> BTreeMap<PathBuf, String> {
    let below = fs::read_dir(folder.join("sinew")).into_iter().flatten();
    let paths = below
        .map(|entry| entry.unwrap().path())
        .chain([folder.join("sinew.rs")]);
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| {
            Some((
                path.strip_prefix(folder).ok()?.to_owned(),
                fs::read_to_string(&path).ok()?,
            ))
        })
        .collect()
}

fn bless(folder: &Path, files: &BTreeMap<PathBuf, String>) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder.join("sinew")).unwrap();
    for (path, text) in files {
        fs::write(folder.join(path), text).unwrap();
    }
}
