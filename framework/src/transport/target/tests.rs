use super::invalid::LONGEST_SHOWN;
use super::*;

fn tcp(host: &str, port: u16) -> Target {
    Target::Tcp {
        host: host.to_owned(),
        port,
        tls: false,
    }
}

#[cfg(feature = "tls")]
fn tls(host: &str, port: u16) -> Target {
    Target::Tcp {
        host: host.to_owned(),
        port,
        tls: true,
    }
}

#[test]
fn targets_parse_and_what_they_show_parses_again() {
    let unix = |path: &str| Target::Unix(path.into());
    for (text, target, authority) in [
        (
            "http://localhost:50051",
            tcp("localhost", 50051),
            "localhost:50051",
        ),
        (
            "http://Cart.Internal",
            tcp("cart.internal", 80),
            "cart.internal",
        ),
        (
            "HTTP://cart_1.svc.:8080",
            tcp("cart_1.svc.", 8080),
            "cart_1.svc.:8080",
        ),
        ("http://127.0.0.1:1", tcp("127.0.0.1", 1), "127.0.0.1:1"),
        (
            "http://10.0.0.1:65535/",
            tcp("10.0.0.1", 65535),
            "10.0.0.1:65535",
        ),
        ("http://[::1]:50051", tcp("::1", 50051), "[::1]:50051"),
        (
            "http://[2001:DB8:0::1]",
            tcp("2001:db8::1", 80),
            "[2001:db8::1]",
        ),
        (
            "http://xn--bcher-kva.example:80",
            tcp("xn--bcher-kva.example", 80),
            "xn--bcher-kva.example",
        ),
        ("http://1password:1", tcp("1password", 1), "1password:1"),
        ("http://cart:443", tcp("cart", 443), "cart:443"),
        #[cfg(feature = "tls")]
        (
            "https://Cart.Internal",
            tls("cart.internal", 443),
            "cart.internal",
        ),
        #[cfg(feature = "tls")]
        ("https://cart:80/", tls("cart", 80), "cart:80"),
        #[cfg(feature = "tls")]
        ("HTTPS://[::1]:443", tls("::1", 443), "[::1]"),
        ("unix:/run/app.sock", unix("/run/app.sock"), "localhost"),
        (
            "unix:///run/my app@1.sock",
            unix("/run/my app@1.sock"),
            "localhost",
        ),
        ("unix:////run/a", unix("/run/a"), "localhost"),
    ] {
        let parsed: Target = text.parse().unwrap();
        assert_eq!(parsed, target, "{text}");
        assert_eq!(parsed.authority(), authority, "{text}");
        assert_eq!(parsed.to_string().parse(), Ok(target), "{text}");
    }
}

#[test]
fn what_is_shown_is_the_normal_form() {
    for (text, shown) in [
        ("http://LOCALHOST", "http://localhost:80"),
        ("http://[0:0::1]:7/", "http://[::1]:7"),
        ("unix:///run/a.sock", "unix:/run/a.sock"),
    ] {
        assert_eq!(text.parse::<Target>().unwrap().to_string(), shown);
    }
}

const FOR_EXAMPLE: &str = "write for example \"http://host:50051\"";

#[test]
fn refused_texts_say_what_is_wrong_and_what_is_right() {
    let many = |scheme: &str| {
        format!(
            "\"{scheme}:\" finds endpoints for a channel, and is none itself; one endpoint looks like \
             \"http://127.0.0.1:50051\" or \"unix:/run/app.sock\""
        )
    };
    let later = |scheme: &str| {
        format!(
            "\"{scheme}:\" is not in this version; name one endpoint, for example \
             \"http://127.0.0.1:50051\" or \"unix:/run/app.sock\""
        )
    };
    let port = |port: &str| {
        format!(
            "{port:?} is not a port, a number from 1 to 65535; write for example \
             \"http://127.0.0.1:50051\""
        )
    };
    let host = |host: &str| {
        format!(
            "{host:?} is not a host name: letters, digits, \"-\", \"_\" and single dots only \
             (other scripts as \"xn--…\"); write for example \"http://cart.internal:50051\""
        )
    };
    let path = format!(
        "a path does not belong into a target, it comes from the method that is called; {FOR_EXAMPLE}"
    );
    #[cfg(not(feature = "tls"))]
    let no_tls = |plain: &str| {
        format!(
            "TLS is not built in; turn on the feature \"tls\" of the crate sinew, or write \"{plain}\" where the \
             network may be trusted"
        )
    };
    let userinfo = "a user name does not belong into a target; send credentials as metadata \
                    (\"authorization\") and write for example \"http://host:50051\"";
    let white = "it begins or ends with white space, or contains a control character; remove it";
    let relative = "the socket path is not absolute; write for example \"unix:/run/app.sock\"";
    let folder = "this names a folder, not a socket; write for example \"unix:/run/app.sock\"";
    let no_host = "the host is missing; write for example \"http://127.0.0.1:50051\"";
    let cases: Vec<(&str, String)> = vec![
        (
            "",
            "it is empty; write for example \"http://127.0.0.1:50051\"".into(),
        ),
        (" http://a:1", white.into()),
        ("http://a:1\n", white.into()),
        ("unix:/a\0b", white.into()),
        // no scheme
        (
            "localhost:50051",
            "the scheme is missing; write \"http://localhost:50051\"".into(),
        ),
        (
            "cart",
            "the scheme is missing; write \"http://cart\"".into(),
        ),
        (
            "dns:53",
            "the scheme is missing; write \"http://dns:53\"".into(),
        ),
        (
            "[::1]:50051",
            "the scheme is missing; write \"http://[::1]:50051\"".into(),
        ),
        (
            "::1",
            "the scheme is missing; write \"http://[::1]:50051\"".into(),
        ),
        (
            "/run/app.sock",
            "the scheme is missing; write \"unix:/run/app.sock\"".into(),
        ),
        (
            "host:1/x",
            "the scheme is missing; write \"http://127.0.0.1:50051\"".into(),
        ),
        (
            "http:host:1",
            "two slashes have to follow the scheme; write \"http://host:1\"".into(),
        ),
        #[cfg(feature = "tls")]
        (
            "https:/host:1",
            "two slashes have to follow the scheme; write \"https://host:1\"".into(),
        ),
        // other schemes
        (
            "tcp://host:1",
            "the scheme \"tcp\" is unknown; write \"http://host:1\"".into(),
        ),
        (
            "GRPC://a b",
            "the scheme \"grpc\" is unknown; write \"http://127.0.0.1:50051\"".into(),
        ),
        (
            "file:///run/x",
            "the scheme \"file\" is unknown; write \"unix:/run/x\"".into(),
        ),
        ("static:127.0.0.1:1,127.0.0.1:2", many("static")),
        ("dns:///cart.internal:50051", many("dns")),
        ("local:///", many("local")),
        ("etcd://a:2379/x", later("etcd")),
        ("zk://a", later("zk")),
        ("unix-abstract:x", later("unix-abstract")),
        #[cfg(not(feature = "tls"))]
        ("https://cart:443", no_tls("http://cart:443")),
        ("https://cart:x", port("x")),
        // what does not belong
        ("http://a:1/v1", path.clone()),
        ("http://a//", path),
        (
            "http://a:1?x=1",
            format!("a query (\"?…\") does not belong into a target; {FOR_EXAMPLE}"),
        ),
        (
            "http://a/?x",
            format!("a query (\"?…\") does not belong into a target; {FOR_EXAMPLE}"),
        ),
        (
            "http://a#x",
            format!("a fragment (\"#…\") does not belong into a target; {FOR_EXAMPLE}"),
        ),
        // hosts
        ("http://", no_host.into()),
        ("http:///x", no_host.into()),
        ("http://:80", no_host.into()),
        ("http://.", host(".")),
        ("http://a..b", host("a..b")),
        ("http://a b", host("a b")),
        ("http://bücher.example:1", host("bücher.example")),
        ("http://a:b:c", port("b:c")),
        (
            "http://10.1:80",
            "\"10.1\" is not an IPv4 address; write for example \"http://127.0.0.1:50051\"".into(),
        ),
        (
            "http://256.0.0.1",
            "\"256.0.0.1\" is not an IPv4 address; \
             write for example \"http://127.0.0.1:50051\""
                .into(),
        ),
        (
            "http://::1",
            "an IPv6 address needs brackets; write \"http://[::1]:50051\" with your port".into(),
        ),
        (
            "http://[::1",
            "\"[::1\" is not an IPv6 address in brackets; write for example \"http://[::1]:50051\""
                .into(),
        ),
        (
            "http://[::1]80",
            "\"[::1]80\" is not an IPv6 address in brackets; \
             write for example \"http://[::1]:50051\""
                .into(),
        ),
        (
            "http://[fe80::1%eth0]:1",
            "\"[fe80::1%eth0]:1\" is not an IPv6 address in brackets; \
             write for example \"http://[::1]:50051\""
                .into(),
        ),
        // ports
        ("http://a:", port("")),
        ("http://a:0", port("0")),
        ("http://a:65536", port("65536")),
        ("http://a:+80", port("+80")),
        ("http://a:http", port("http")),
        // sockets
        ("unix:", relative.into()),
        ("unix:run/app.sock", relative.into()),
        (
            "unix://run/app.sock",
            "a socket path has no host; write three slashes or none, \
             for example \"unix:///run/app.sock\" or \"unix:/run/app.sock\""
                .into(),
        ),
        ("unix:/", folder.into()),
        ("unix:///run/", folder.into()),
    ];
    for (text, problem) in cases {
        let error = text.parse::<Target>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid target {text:?}: {problem}")
        );
    }
    for (text, hidden) in [
        ("http://me:secret@a:1", "http://***@a:1"),
        ("https://me:se@ret@a:1/x", "https://***@a:1/x"),
    ] {
        let error = text.parse::<Target>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid target {hidden:?}: {userinfo}")
        );
        assert_eq!(error.text(), hidden);
    }
    for text in ["me:secret@a:1", "tcp://me:secret@a:1", "http:me:secret@a"] {
        let error = format!("{0} {0:?}", text.parse::<Target>().unwrap_err());
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn long_texts_are_refused_and_shown_shortened() {
    let socket = |n: usize| format!("unix:/{}", "x".repeat(n - 1));
    assert!(socket(LONGEST_UNIX_PATH).parse::<Target>().is_ok());
    let name = |n: usize| format!("http://{}", "x".repeat(n));
    assert!(name(LONGEST_HOST).parse::<Target>().is_ok());
    for (text, problem) in [
        (socket(LONGEST_UNIX_PATH + 1), Problem::UnixTooLong),
        (name(LONGEST_HOST + 1), Problem::HostTooLong),
        (
            format!("http://a:{}", "9".repeat(10_000)),
            Problem::Port(format!("{}…", "9".repeat(LONGEST_SHOWN))),
        ),
    ] {
        let error = text.parse::<Target>().unwrap_err();
        assert_eq!(error.problem, problem);
        assert!(error.to_string().chars().count() < 2 * LONGEST_SHOWN + 200);
    }
}
