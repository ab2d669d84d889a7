//! What a manifest depends on, and what `docs/dependencies.md` says of that.
//! It follows no dependency any further.

use std::collections::BTreeSet;

/// The names below every `[…dependencies]` of a crate's manifest; those of `[workspace.dependencies]` are only
/// versions.
pub fn direct_dependencies(manifest: &str) -> BTreeSet<String> {
    let is_list =
        |section: &str| section.ends_with("dependencies]") && !section.starts_with("[workspace.");
    names(manifest, is_list)
}

/// The names of `[workspace.dependencies]`, those that are folders of the workspace apart: (others, ours).
pub fn shared_dependencies(manifest: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = names(manifest, |section| section == "[workspace.dependencies]");
    let is_ours = |name: &String| {
        let start = format!("{name} = {{ path = ");
        manifest.lines().any(|line| line.starts_with(&start))
    };
    all.into_iter().partition(|name| !is_ours(name))
}

fn names(manifest: &str, is_list: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = is_list(line);
        } else if inside && let Some((key, _)) = line.split_once('=') {
            let name = key.trim().trim_end_matches(".workspace");
            if !name.is_empty() && !name.starts_with('#') {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// The names in the first cells of the tables of `docs/dependencies.md`, each between backticks; twice where twice.
pub fn documented(page: &str) -> Vec<String> {
    let rows = page.lines().filter_map(|line| {
        let (first, _) = line.strip_prefix('|')?.split_once('|')?;
        first.trim().starts_with('`').then_some(first)
    });
    let quoted = |cell: &str| {
        let between = cell.split('`').skip(1).step_by(2);
        between.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut found: Vec<String> = rows.flat_map(quoted).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_form() {
        let manifest = "\
[package]
name = \"x\"
[dependencies]
one = \"1\"
# two = \"2\"
three.workspace = true

[target.'cfg(unix)'.dependencies]
four = { version = \"4\", features = [\"a\"] }
[dev-dependencies]
five = { workspace = true }
[lints]
workspace = true
";
        let expected = ["five", "four", "one", "three"].map(str::to_owned);
        assert_eq!(direct_dependencies(manifest), BTreeSet::from(expected));
    }

    #[test]
    fn our_own_crates_are_told_apart() {
        let manifest = "\
[workspace.dependencies]
ours = { path = \"ours\" }
theirs = { version = \"1\", features = [\"path = \"] }
[profile.dev]
debug = 0
";
        let (others, ours) = shared_dependencies(manifest);
        assert_eq!(others, BTreeSet::from(["theirs".to_owned()]));
        assert_eq!(ours, BTreeSet::from(["ours".to_owned()]));
        assert!(direct_dependencies(manifest).is_empty());
    }

    #[test]
    fn rows_may_name_several() {
        let page = "`no` row\n| crate | for |\n|---|---|\n| `a`, `b` | `c` |\n| `a` | d |\n";
        assert_eq!(documented(page), ["a", "a", "b"]);
    }
}
