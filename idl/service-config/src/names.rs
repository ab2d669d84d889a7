//! Did you mean: the name that a misspelt one is nearest to.
//! It refuses to guess when nothing is near.

/// The longest name, in bytes, that anything is looked for: the work grows with the square of it.
const LONGEST: usize = 100;

/// The candidate with the fewest letters to change, if no more than a third of the letters (at least one) are to be.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    // `max_attempts` is `maxAttempts` in the file that the format was made from.
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let name = plain(name);
    let most = (name.chars().count() / 3).max(1);
    let near = candidates.iter();
    let near = near.map(|one| (strsim::osa_distance(&name, &plain(one)), *one));
    let near = near.filter(|(distance, _)| *distance <= most);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_meant() {
        let names = ["maxAttempts", "initialBackoff", "timeout"];
        for (name, want) in [
            ("max_attempts", Some("maxAttempts")),
            ("MaxAttempts", Some("maxAttempts")),
            ("timeuot", Some("timeout")),
            ("deadline", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &names), want, "{name}");
        }
    }
}
