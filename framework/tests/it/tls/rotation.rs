//! Certificates that are rotated while calls go on: no call fails, and whoever connects anew sees the new one.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sinew::Channel;
use sinew::tls::rustls::client::WebPkiServerVerifier;
use sinew::tls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use sinew::tls::rustls::pki_types::pem::PemObject as _;
use sinew::tls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use sinew::tls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sinew::tls::{Certificate, ClientTls};

use super::certs::{Authority, Files};
use super::handshakes::provider;
use super::{Served, once, refused};

const ROTATIONS: u64 = 10;

/// As rustls does it, and keeps the serial of each certificate that it takes.
#[derive(Debug)]
struct Keeps {
    inner: Arc<WebPkiServerVerifier>,
    seen: Arc<Mutex<BTreeSet<u64>>>,
}

impl ServerCertVerifier for Keeps {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(own, chain, name, ocsp, now)?;
        let certificate = Certificate::from_der_chain([own.to_vec()]).unwrap();
        let serial = certificate.serial().into_iter();
        let serial = serial.fold(0, |serial, byte| serial << 8 | u64::from(byte));
        self.seen.lock().unwrap().insert(serial);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Trusts all of `authorities`; what it is shown goes into `seen`.
fn keeping(authorities: &[&Authority], seen: &Arc<Mutex<BTreeSet<u64>>>) -> ClientTls {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(CertificateDer::from_pem_slice(&authority.pem()).unwrap())
            .unwrap();
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let inner = inner.build().unwrap();
    let seen = Arc::clone(seen);
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Keeps { inner, seen }))
        .with_no_client_auth();
    ClientTls::from_rustls(Arc::new(config))
}

/// Calls one after the other until `over`, each over a new connection or all over one; gives how many there were.
async fn calls(
    new_channel: impl Fn() -> Channel,
    anew: bool,
    over: &AtomicBool,
    count: &AtomicU64,
) {
    let mut channel = new_channel();
    while !over.load(Ordering::Relaxed) {
        once(&channel).await.unwrap();
        count.fetch_add(1, Ordering::Relaxed);
        if anew {
            channel = new_channel();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_rotations_under_load_fail_no_call() {
    // In the middle another authority signs, which the clients of the load trust as well.
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let identity = |serial| match serial {
        0..=5 => old.server_with_serial(serial),
        _ => new.server_with_serial(serial),
    };
    let files = Files::new(&identity(1));
    let tls = files.tls();
    let served = Arc::new(Served::with(tls.clone()).await);
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let trusts_both = keeping(&[&old, &new], &seen);
    let counts: Vec<_> = (0..4).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let load: Vec<_> = counts
        .iter()
        .enumerate()
        .map(|(n, count)| {
            let (served, over) = (Arc::clone(&served), Arc::clone(&over));
            let (tls, count) = (trusts_both.clone(), Arc::clone(count));
            tokio::spawn(async move {
                let channel = || served.channel(tls.clone());
                calls(channel, n % 2 == 0, &over, &count).await;
            })
        })
        .collect();

    let trusts_old = || served.channel(old.trusted().build().unwrap());
    let from_before = trusts_old();
    once(&from_before).await.unwrap();
    for serial in 2..2 + ROTATIONS {
        files.write(&identity(serial));
        // It may have been read already, as every two seconds.
        tls.reload().unwrap();
        // Each of the load has made some calls with it, so that those that connect anew have seen it.
        for count in &counts {
            let until = count.load(Ordering::Relaxed) + 3;
            while count.load(Ordering::Relaxed) < until {
                assert!(load.iter().all(|calls| !calls.is_finished()));
                tokio::task::yield_now().await;
            }
        }
        if serial <= 5 {
            once(&trusts_old()).await.unwrap();
        } else {
            let told = refused(&trusts_old()).await;
            let expected = "connected, but the server's certificate was not issued by an authority that this channel \
                            trusts, which are the roots given";
            assert!(told.contains(expected), "{told}");
        }
        // What is open stays.
        once(&from_before).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    for calls in load {
        calls.await.unwrap();
    }
    let all: BTreeSet<u64> = (1..2 + ROTATIONS).collect();
    assert_eq!(*seen.lock().unwrap(), all);
    assert_eq!(tls.state().loads(), 1 + ROTATIONS);
}
