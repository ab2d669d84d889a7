//! How `Debug` shows enums of messages, whose fields hold numbers: by their names, and unknown ones as numbers.
//! It refuses to show anything else.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Debug, Formatter},
    marker::PhantomData,
};

/// The numbers of `T`, shown as values of `E`.
pub struct ByName<'a, E, T: ?Sized>(&'a T, PhantomData<E>);

/// Shows the numbers in `numbers` as values of `E`.
pub fn by_name<E, T: Numbers + ?Sized>(numbers: &T) -> ByName<'_, E, T> {
    ByName(numbers, PhantomData)
}

/// What fields of enums are: a number, or several in one of the ways of messages.
pub trait Numbers {
    /// Writes each as `E`.
    ///
    /// # Errors
    /// Those of the formatter.
    fn fmt<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl<E: TryFrom<i32> + Debug, T: Numbers + ?Sized> Debug for ByName<'_, E, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt::<E>(f)
    }
}

impl Numbers for i32 {
    fn fmt<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match E::try_from(*self) {
            Ok(value) => Debug::fmt(&value, f),
            Err(_) => Debug::fmt(self, f),
        }
    }
}

impl Numbers for Option<i32> {
    fn fmt<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.as_ref().map(by_name::<E, _>), f)
    }
}

impl Numbers for Vec<i32> {
    fn fmt<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(by_name::<E, _>))
            .finish()
    }
}

impl<K: Debug, S> Numbers for HashMap<K, i32, S> {
    fn fmt<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let entries = self
            .iter()
            .map(|(key, value)| (key, by_name::<E, _>(value)));
        f.debug_map().entries(entries).finish()
    }
}

impl<K: Debug> Numbers for BTreeMap<K, i32> {
    fn fmt<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let entries = self
            .iter()
            .map(|(key, value)| (key, by_name::<E, _>(value)));
        f.debug_map().entries(entries).finish()
    }
}
