//! How much of what was known still counts after a while.
//! It refuses to know the time.

/// What is left after so many times the time in which it decays: 1 at once, near e^-`times` for what matters, in a few
/// multiplications. It is asked for each node at each choice.
pub(crate) fn decayed(times: f32) -> f32 {
    let eighth = 1.0 / (1.0 + times * 0.125);
    let quarter = eighth * eighth;
    let half = quarter * quarter;
    half * half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_near_an_exponential_and_never_grows() {
        let mut last = 1.0;
        for step in 0..200_u16 {
            let times = f32::from(step) / 10.0;
            let left = decayed(times);
            assert!(left <= last, "{times}: {left}");
            assert!((left - (-times).exp()).abs() < 0.05, "{times}: {left}");
            last = left;
        }
        assert!(last < 1e-3);
    }
}
