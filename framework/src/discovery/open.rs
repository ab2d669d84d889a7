//! From a URL to the source that finds what it names: the only place that spells the schemes of sources.
//! It refuses to look for anything yet.

use super::Source;
#[cfg(feature = "dns")]
use super::dns;
use super::fixed::Fixed;
use super::local::{Local, LocalRegistry};
use super::register::Registry;
use crate::transport::target::{InvalidTarget, Target};

/// Endpoints that stand in the URL.
const STATIC: &str = "static";

/// The registry directory of this machine.
const LOCAL: &str = "local";

/// Endpoints that DNS has under a name.
const DNS: &str = "dns";

/// The source that a channel's URL names; one of a single endpoint is a source, too. Endpoints of DNS, which says
/// nothing of TLS, are spoken to over it where `is_tls`.
///
/// # Errors
/// [`InvalidTarget`] says what is wrong and what to write instead.
pub(crate) fn open(url: &str, is_tls: bool) -> Result<Source, InvalidTarget> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        STATIC => Ok(Source::new(url, Fixed::parse(url, rest)?)),
        LOCAL => {
            let local = Local::parse(url, rest)?;
            let when_empty = local.when_empty();
            Ok(Source::new(url, local).saying(when_empty))
        }
        DNS => looked_up(url, rest, is_tls),
        // Whatever else is a target, or is not: that is said there.
        _ => Ok(Source::new(url, Fixed::one(url.parse::<Target>()?))),
    }
}

#[cfg(feature = "dns")]
fn looked_up(url: &str, rest: &str, is_tls: bool) -> Result<Source, InvalidTarget> {
    let when_empty = "DNS has no such name, or no record under it of the kind that is asked for (A and AAAA; SRV for a \
                      name that begins with \"_\")";
    Ok(Source::new(url, dns::parse(url, rest, is_tls)?).saying(when_empty.to_owned()))
}

#[cfg(not(feature = "dns"))]
fn looked_up(url: &str, _: &str, _: bool) -> Result<Source, InvalidTarget> {
    Err(InvalidTarget::of_source(
        url,
        "DNS is not built in; turn on the feature \"dns\" of the crate sinew, or name the endpoints, for example \
         \"http://cart.internal:50051\" or \"static:10.0.0.7:50051,10.0.0.8:50051\""
            .to_owned(),
    ))
}

/// The registry that a server's URL names.
///
/// # Errors
/// [`InvalidTarget`] says what is wrong and what to write instead.
#[inline]
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
            ("locale:///a", "write \"local:///a\""),
            ("STATIC:a:x", "\"a:x\" is wrong"),
            ("local:shop.Cart", "three slashes"),
            ("local://shop.Cart", "three slashes"),
            ("local:///", "the service is missing"),
            (
                "local:///shop/Cart",
                "\"shop/Cart\" is no name of a service",
            ),
            #[cfg(feature = "dns")]
            ("DNS:cart:1", "write \"dns:///cart:1\""),
            #[cfg(not(feature = "dns"))]
            ("dns:///cart:1", "the feature \"dns\""),
        ] {
            let error = open(url, false).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        for url in [
            "local:///shop.Cart",
            "static:a:1,b:2",
            "Static://a:1",
            "http://a:1",
            "unix:/run/a.sock",
            #[cfg(feature = "dns")]
            "dns:///cart:1",
        ] {
            assert_eq!(&*open(url, false).unwrap().name, url);
        }
    }
}
