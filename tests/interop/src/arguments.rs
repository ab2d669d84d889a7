//! Reads `--name=value` and `--name value`, as every interop program takes them.
//!
//! Knows no meaning of any argument.

use std::str::FromStr;

/// The arguments of a program, by name.
#[derive(Debug)]
pub struct Arguments(Vec<(String, String)>);

impl Arguments {
    /// Reads `given`, the arguments behind the program's name.
    ///
    /// # Errors
    /// In words for the user: an argument that is none of `known`, or has no value.
    pub fn read(given: impl IntoIterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut given = given.into_iter();
        let mut read = Vec::new();
        while let Some(argument) = given.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), given.next()),
            };
            let name = name.strip_prefix("--").filter(|name| known.contains(name));
            let name = name.ok_or_else(|| {
                format!(
                    "unknown argument {argument} (there are --{})",
                    known.join(", --")
                )
            })?;
            let value = value.ok_or_else(|| format!("--{name} needs a value"))?;
            read.push((name.to_owned(), value));
        }
        Ok(Self(read))
    }

    /// The last value given for `name`, or `default`.
    ///
    /// # Errors
    /// In words for the user: the value is no `T`.
    pub fn value_or<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.0.iter().rev().find(|(given, _)| given == name) {
            Some((_, value)) => value
                .parse()
                .map_err(|_| format!("--{name}={value} is not valid")),
            None => Ok(default),
        }
    }
}
