//! Members and keys that are the same in every run.

/// The weight of all that have no other.
pub(crate) const NORMAL: u16 = 100;

/// So many sets of ids are looked at, since one may be lucky.
pub(crate) const SETS: usize = 20;

/// The slots of a set.
pub(crate) fn slots(set: usize, count: usize) -> Vec<String> {
    (0..count)
        .map(|index| format!("set{set}-{index}"))
        .collect()
}

/// Slots with the normal weight.
pub(crate) fn members(slots: &[String]) -> impl Iterator<Item = (&str, u16)> {
    slots.iter().map(|slot| (slot.as_str(), NORMAL))
}

/// Numbers that look random: a Weyl sequence through the finalizer of `MurmurHash3`.
pub(crate) fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^ (mixed >> 33)
    })
}
