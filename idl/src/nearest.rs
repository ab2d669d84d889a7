//! Did you mean: the name that a misspelt one is nearest to.
//! It refuses to guess when nothing is near.

/// The longest name, in bytes, that anything is looked for: the work grows with the square of it.
const LONGEST: usize = 100;

/// The candidate with the fewest letters to change, if no more than a third of the letters (at least one) are to be.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let length = name.chars().count();
    let most = (length / 3).max(1);
    // Each letter more or less is one to change.
    let alike =
        |one: &&str| one.len() <= 4 * LONGEST && one.chars().count().abs_diff(length) <= most;
    let near = candidates.into_iter().filter(alike);
    let near = near.map(|one| (distance(name, one), one));
    let near = near.filter(|(distance, _)| *distance <= most);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

/// How many letters are to be changed, left out, put in or exchanged with their neighbour (the optimal string alignment
/// distance), in capitals or not.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().flat_map(char::to_lowercase).collect();
    let other: Vec<char> = other.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ() {
        for (one, other, want) in [
            ("", "", 0),
            ("", "abc", 3),
            ("cart_id", "cart_idd", 1),
            ("cart_id", "cart_di", 1),
            ("cart_id", "cartid", 1),
            ("Cart_Id", "cart_id", 0),
            ("kitten", "sitting", 3),
            ("ü", "u", 1),
        ] {
            assert_eq!(distance(one, other), want, "{one} {other}");
            assert_eq!(distance(other, one), want, "{other} {one}");
        }
    }

    #[test]
    fn only_what_is_near_is_meant() {
        let names = ["id", "cart_id", "user"];
        for (name, want) in [
            ("cart_di", Some("cart_id")),
            ("idd", Some("id")),
            ("usr", Some("user")),
            ("name", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), want, "{name}");
        }
    }
}
