//! From a URL to the source that finds what it names: the only place that spells the schemes of sources.
//! It refuses to look for anything yet.

use super::Source;
use super::fixed::Fixed;
use super::local::{Local, LocalRegistry};
use super::register::Registry;
use crate::transport::target::{InvalidTarget, Target};

/// Endpoints that stand in the URL.
const STATIC: &str = "static";

/// The registry directory of this machine.
const LOCAL: &str = "local";

/// The source that a channel's URL names; one of a single endpoint is a source, too.
///
/// # Errors
/// [`InvalidTarget`] says what is wrong and what to write instead.
pub(crate) fn open(url: &str) -> Result<Source, InvalidTarget> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        STATIC => Ok(Source::new(url, Fixed::parse(url, rest)?)),
        LOCAL => Ok(Source::new(url, Local::parse(url, rest)?)),
        // Whatever else is a target, or is not: that is said there.
        _ => Ok(Source::new(url, Fixed::one(url.parse::<Target>()?))),
    }
}

/// The registry that a server's URL names.
///
/// # Errors
/// [`InvalidTarget`] says what is wrong and what to write instead.
pub(crate) fn registry(url: &str) -> Result<Registry, InvalidTarget> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        LOCAL => Ok(Registry::new(url, LocalRegistry::parse(url, rest)?)),
        _ => Err(InvalidTarget::of_source(
            url,
            "no registry is named so; write \"local:///\" for the registry directory of this machine".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_names_no_registry_is_refused_with_what_to_write() {
        for (url, why) in [
            ("", "write \"local:///\""),
            ("static:a:1", "write \"local:///\""),
            ("local:", "three slashes"),
            ("local:///a b", "\"a b\" is no name of a service"),
        ] {
            let error = registry(url).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        for url in ["local:///", "LOCAL:///shop.Cart"] {
            assert_eq!(registry(url).unwrap().name(), url);
        }
    }

    #[test]
    fn a_url_that_names_no_source_is_refused_with_what_to_write() {
        for (url, why) in [
            ("", "it is empty"),
            ("127.0.0.1:1", "write \"http://127.0.0.1:1\""),
            ("zoo://a", "the scheme \"zoo\" is unknown"),
            ("STATIC:a:x", "\"a:x\" is wrong"),
            ("local:shop.Cart", "three slashes"),
            ("local://shop.Cart", "three slashes"),
            ("local:///", "the service is missing"),
            (
                "local:///shop/Cart",
                "\"shop/Cart\" is no name of a service",
            ),
        ] {
            let error = open(url).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        for url in [
            "local:///shop.Cart",
            "static:a:1,b:2",
            "Static://a:1",
            "http://a:1",
            "unix:/run/a.sock",
        ] {
            assert_eq!(&*open(url).unwrap().name, url);
        }
    }
}
