//! What is wrong with files from the start.

use std::fs;

use sinew::tls::{ClientTls, InvalidTls, ServerTls};

use super::certs::{Authority, Files};

fn why<T>(result: Result<T, InvalidTls>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn each_fault_names_its_file_and_what_would_be_right() {
    let ours = Authority::new("ours");
    let (one, other) = (ours.server(), ours.server());
    let files = Files::new(&one);
    let (chain, key) = (&files.chain, &files.key);
    let in_files = |chain: &str, key: &str| {
        fs::write(&files.chain, chain).unwrap();
        fs::write(&files.key, key).unwrap();
        why(ServerTls::from_pem_files(&files.chain, &files.key))
    };
    let (at_chain, at_key) = (chain.display(), key.display());
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let no_base64 = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
    for (chain, key, expected) in [
        (
            one.chain.as_str(),
            other.key.as_str(),
            format!(
                "{at_key}: its key is not that of the first certificate in {at_chain} (the certificate of the key has \
                 to be the first, then those of its issuers)"
            ),
        ),
        (
            one.key.as_str(),
            one.chain.as_str(),
            format!(
                "{at_chain}: it holds no certificate as PEM (it holds a private key: are the two the other way round?)"
            ),
        ),
        (
            one.chain.as_str(),
            one.chain.as_str(),
            format!(
                "{at_key}: it holds no private key as PEM (it holds a certificate: are the two the other way round?)"
            ),
        ),
        (
            "some text",
            one.key.as_str(),
            format!(
                "{at_chain}: it holds no certificate as PEM (it would begin with -----BEGIN CERTIFICATE-----)"
            ),
        ),
        (
            one.chain.as_str(),
            "",
            format!(
                "{at_key}: it holds no private key as PEM (it would begin with -----BEGIN PRIVATE KEY-----)"
            ),
        ),
        (
            one.chain.as_str(),
            encrypted,
            format!(
                "{at_key}: its key is encrypted, and nobody is there to ask for the password (write it without: \
                 openssl pkey -in KEY -out PLAIN)"
            ),
        ),
        (
            no_base64,
            one.key.as_str(),
            format!("{at_chain}: certificate 1 is no PEM: base64 decode error: "),
        ),
        (
            no_der,
            one.key.as_str(),
            format!("{at_chain}: its first certificate cannot be read: "),
        ),
        (
            one.chain.as_str(),
            no_key,
            format!("{at_key}: its key cannot be used: "),
        ),
    ] {
        let error = in_files(chain, key);
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
    fs::write(key, " ".repeat(1024 * 1024 + 1)).unwrap();
    fs::write(chain, &one.chain).unwrap();
    assert_eq!(
        why(ServerTls::from_pem_files(chain, key)),
        format!("{at_key}: it has more than 1048576 bytes")
    );
    fs::remove_file(key).unwrap();
    let error = why(ServerTls::from_pem_files(chain, key));
    assert!(
        error.starts_with(&format!("{at_key}: it cannot be read: ")),
        "{error}"
    );

    let root = files.path().join("ca.pem");
    fs::write(&root, [ours.pem(), no_der.into()].concat()).unwrap();
    let no_root = format!(
        "{}: certificate 2 is no root that could be trusted: ",
        root.display()
    );
    let error = why(ClientTls::builder().roots_pem_file(&root).build());
    assert!(error.starts_with(&no_root), "{error}");
    let error = why(one.builder().client_roots_pem_file(&root).build());
    assert!(error.starts_with(&no_root), "{error}");
}

#[test]
fn what_is_given_is_named_by_what_it_is() {
    let one = Authority::new("ours").server();
    let client = || ClientTls::builder().with_system_roots();
    for (error, expected) in [
        (
            why(ServerTls::builder_pem(*b"", one.key.as_bytes()).build()),
            "the certificate given: it holds no certificate",
        ),
        (
            why(ServerTls::builder_pem(one.chain.as_bytes(), *b"").build()),
            "the key given: it holds no private key",
        ),
        (
            why(one.builder().client_roots_pem(*b"").build()),
            "the client roots given: it holds no certificate",
        ),
        (
            why(one.builder().client_certificate_optional().build()),
            "client_certificate_optional says that clients may show certificates, and no roots say whose are taken",
        ),
        (
            why(ClientTls::builder().roots_pem(*b"").build()),
            "the roots given: it holds no certificate",
        ),
        (
            why(client().server_name("a b").build()),
            "server_name \"a b\" is neither a DNS name nor an IP address",
        ),
    ] {
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn certificate_and_key_may_share_a_file_and_no_key_is_shown() {
    let one = Authority::new("ours").server();
    let files = Files::new(&one);
    fs::write(&files.chain, format!("{}{}", one.key, one.chain)).unwrap();
    let tls = ServerTls::from_pem_files(&files.chain, &files.chain).unwrap();
    assert!(format!("{tls:?}").contains(&*files.chain.to_string_lossy()));
    let secret = one.key.lines().nth(1).unwrap();
    for shown in [
        format!("{tls:?}"),
        format!("{:?}", one.builder()),
        format!("{:?}", one.tls()),
        format!(
            "{:?}",
            one.shown_by(ClientTls::builder().roots_pem(Authority::new("x").pem()))
        ),
    ] {
        assert!(!shown.contains(secret) && shown.len() < 500, "{shown}");
    }
}
