//! What a `dns:` URL asks for: which name, on which port, and of which server.
//! It refuses to look anything up.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::transport::target::InvalidTarget;

/// The port of DNS servers, RFC 1035 §4.2.
const DNS_PORT: u16 = 53;

/// Bytes of a name as text without its final dot, RFC 1035 §2.3.4.
const LONGEST_NAME: usize = 253;

/// Bytes of each part of a name, same source.
const LONGEST_LABEL: usize = 63;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The server to ask; the system's where there is none.
    pub(super) server: Option<SocketAddr>,
    /// In lower case, without a final dot.
    pub(super) name: String,
    pub(super) what: What,
}

/// Which records say who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Those of addresses; all serve on this port.
    Addresses { port: u16 },
    /// Those of services, which have ports of their own.
    Services,
}

impl Asked {
    /// What stands behind `dns:`.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub(super) fn parse(url: &str, rest: &str) -> Result<Self, InvalidTarget> {
        parse(rest).map_err(|why| InvalidTarget::of_source(url, why))
    }

    /// The name whose servers are looked for: of `_grpc._tcp.cart.internal`, that is `cart.internal` (RFC 2782).
    pub(super) fn host(&self) -> &str {
        let mut host = &*self.name;
        while let Some((_, rest)) = host.split_once('.').filter(|_| host.starts_with('_')) {
            host = rest;
        }
        host
    }
}

fn parse(rest: &str) -> Result<Asked, String> {
    let Some((server, name)) = rest
        .strip_prefix("//")
        .and_then(|rest| rest.split_once('/'))
    else {
        let name = rest.trim_start_matches('/');
        let name = if parse_name(name).is_ok() {
            name
        } else {
            "cart.internal:50051"
        };
        return Err(format!(
            "three slashes have to stand before the name; write \"dns:///{name}\", or \"dns://10.0.0.2/{name}\" to ask \
             the DNS server 10.0.0.2"
        ));
    };
    let server = match server {
        "" => None,
        server => Some(parse_server(server)?),
    };
    let (name, what) = parse_name(name)?;
    Ok(Asked { server, name, what })
}

fn parse_server(server: &str) -> Result<SocketAddr, String> {
    let bare = server.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4);
    let bracketed = || {
        let inner = server.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::from)
    };
    if let Some(address) = bare.or_else(bracketed) {
        return Ok(SocketAddr::new(address, DNS_PORT));
    }
    let with_port = server.parse::<SocketAddr>().ok();
    with_port.filter(|server| server.port() > 0).ok_or_else(|| {
        format!(
            "the DNS server {:?} has to be an address, with or without a port: \"10.0.0.2\", \"10.0.0.2:5353\" or \
             \"[fd00::2]:53\"; where the system's servers are to be asked, write three slashes: \
             \"dns:///cart.internal:50051\"",
            shown(server)
        )
    })
}

fn parse_name(text: &str) -> Result<(String, What), String> {
    if let Some(at) = text.find(['?', '#', '/', '@']) {
        let tail = shown(&text[at..]);
        return Err(format!(
            "{tail:?} does not belong there; write only the name and the port, for example \
             \"dns:///cart.internal:50051\""
        ));
    }
    if let Some(example) = address(text) {
        return Err(format!(
            "{:?} is an address, so that there is nothing to look up; write {example:?}",
            shown(text)
        ));
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let name = checked(name)?;
    if !name.starts_with('_') {
        let Some(port) = port else {
            return Err(format!(
                "the port is missing; write \"dns:///{name}:50051\" with yours, or, where SRV records have it, \
                 \"dns:///_grpc._tcp.{name}\""
            ));
        };
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let number = port.parse().ok().filter(|port| digits && *port > 0);
        let port = number.ok_or_else(|| {
            let port = shown(port);
            format!(
                "{port:?} is not a port, a number from 1 to 65535; write for example \"dns:///{name}:50051\""
            )
        })?;
        return Ok((name, What::Addresses { port }));
    }
    match port {
        None => Ok((name, What::Services)),
        Some(_) => Err(format!(
            "a name that begins with \"_\" is one of SRV records, which have the ports; write \"dns:///{name}\""
        )),
    }
}

/// What to write where the name is an address.
fn address(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(format!("http://{address}"));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match bare.unwrap_or(text).parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => format!("http://{address}:50051"),
        IpAddr::V6(address) => format!("http://[{address}]:50051"),
    };
    Some(address)
}

/// A name as DNS and TLS take it.
fn checked(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err(
            "the name is missing; write for example \"dns:///cart.internal:50051\"".to_owned(),
        );
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if !name.split('.').all(is_label) {
        return Err(format!(
            "{:?} is not a name: letters, digits, \"-\", \"_\" and single dots only (other scripts as \"xn--…\"); \
             write for example \"dns:///cart.internal:50051\"",
            shown(text)
        ));
    }
    if name.len() > LONGEST_NAME || name.split('.').any(|label| label.len() > LONGEST_LABEL) {
        return Err(format!(
            "the name is longer than {LONGEST_NAME} bytes, or one of its parts than {LONGEST_LABEL}: there can be no \
             such name in DNS"
        ));
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "{:?} is neither a name nor an address; write for example \"dns:///cart.internal:50051\"",
            shown(text)
        ));
    }
    Ok(name.to_ascii_lowercase())
}

/// As an error repeats it.
fn shown(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_name_port_and_server() {
        let plain = |name: &str, port| (name.to_owned(), What::Addresses { port });
        for (rest, server, (name, what)) in [
            (
                "///cart.internal:50051",
                None,
                plain("cart.internal", 50051),
            ),
            ("///Cart.Internal.:1", None, plain("cart.internal", 1)),
            ("///cart:65535", None, plain("cart", 65535)),
            ("//10.0.0.2/cart:1", Some("10.0.0.2:53"), plain("cart", 1)),
            (
                "//10.0.0.2:5353/cart:1",
                Some("10.0.0.2:5353"),
                plain("cart", 1),
            ),
            ("//[::1]/cart:1", Some("[::1]:53"), plain("cart", 1)),
            ("//[::1]:5353/cart:1", Some("[::1]:5353"), plain("cart", 1)),
            (
                "///_grpc._tcp.cart.internal",
                None,
                ("_grpc._tcp.cart.internal".to_owned(), What::Services),
            ),
        ] {
            let asked = Asked::parse(&format!("dns:{rest}"), rest).unwrap();
            let server = server.map(|server| server.parse().unwrap());
            assert_eq!(asked, Asked { server, name, what }, "{rest}");
        }
    }

    #[test]
    fn the_host_of_a_service_is_what_is_served() {
        for (name, host) in [
            ("cart.internal:1", "cart.internal"),
            ("_grpc._tcp.cart.internal", "cart.internal"),
            ("_grpc", "_grpc"),
        ] {
            let rest = format!("///{name}");
            assert_eq!(Asked::parse("", &rest).unwrap().host(), host);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_write() {
        let long = ["a"; 127].join(".") + ".b";
        let label = "a".repeat(64);
        for (rest, why) in [
            (
                "",
                "three slashes have to stand before the name; write \"dns:///cart.internal:50051\"",
            ),
            ("53", "write \"dns:///cart.internal:50051\""),
            ("cart:1", "write \"dns:///cart:1\""),
            ("/cart:1", "write \"dns:///cart:1\""),
            (
                "//cart:1",
                "write \"dns:///cart:1\", or \"dns://10.0.0.2/cart:1\"",
            ),
            ("///", "the name is missing"),
            ("///:1", "the name is missing"),
            (
                "///cart",
                "the port is missing; write \"dns:///cart:50051\" with yours, or",
            ),
            ("///cart:0", "\"0\" is not a port"),
            ("///cart:+1", "\"+1\" is not a port"),
            ("///cart:65536", "\"65536\" is not a port"),
            ("///cart:", "\"\" is not a port"),
            ("///a..b:1", "\"a..b\" is not a name"),
            ("///a b:1", "\"a b\" is not a name"),
            ("///.:1", "\".\" is not a name"),
            ("///bücher.example:1", "(other scripts as \"xn--…\")"),
            ("///10.1:1", "\"10.1\" is neither a name nor an address"),
            ("///10.0.0.7:1", "write \"http://10.0.0.7:1\""),
            ("///10.0.0.7", "write \"http://10.0.0.7:50051\""),
            ("///[::1]:1", "write \"http://[::1]:1\""),
            ("///::1", "write \"http://[::1]:50051\""),
            ("///cart:1/x", "\"/x\" does not belong there"),
            ("///cart:1?tls", "\"?tls\" does not belong there"),
            ("///cart:1#x", "\"#x\" does not belong there"),
            ("///me@cart:1", "\"@cart:1\" does not belong there"),
            ("///_grpc._tcp.cart:1", "write \"dns:///_grpc._tcp.cart\""),
            (
                "//ns.internal/cart:1",
                "the DNS server \"ns.internal\" has to be an address",
            ),
            (
                "//10.0.0.2:0/cart:1",
                "the DNS server \"10.0.0.2:0\" has to be",
            ),
            ("//::1/cart:1", "the DNS server \"::1\" has to be"),
            (&format!("///{long}:1"), "longer than 253 bytes"),
            (&format!("///{label}:1"), "parts than 63"),
        ] {
            let url = format!("dns:{rest}");
            let error = Asked::parse(&url, rest).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(error.starts_with("invalid target \"dns:"), "{error}");
        }
    }
}
