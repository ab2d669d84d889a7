//! Files that change while they are in use.

use std::fs;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sinew::observe::{Recorder, Side};
use sinew::tls::{ClientTls, InvalidTls, ServerTls};
use sinew::{Channel, Connect, Server, Target};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

use super::certs::{Authority, Files};
use super::{Served, Told, Who, once, refused};
use crate::talk::talk;
use crate::world::Parrot;

/// A listener in memory: no time passes by itself while it is connected to.
struct Accepts(mpsc::UnboundedReceiver<DuplexStream>);

#[derive(Clone)]
struct Connects(mpsc::UnboundedSender<DuplexStream>);

fn in_memory() -> (Connects, Accepts) {
    let (connects, accepts) = mpsc::unbounded_channel();
    (Connects(connects), Accepts(accepts))
}

impl futures_core::Stream for Accepts {
    type Item = io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|io| io.map(Ok))
    }
}

impl Connect for Connects {
    type Io = DuplexStream;

    async fn connect(&self, _: &Target) -> io::Result<DuplexStream> {
        let (near, far) = duplex(4096);
        self.0.send(far).map_err(io::Error::other)?;
        Ok(near)
    }
}

impl Connects {
    fn channel(&self, tls: ClientTls) -> Channel {
        Channel::builder("https://localhost")
            .tls(tls)
            .connector(self.clone())
            .build()
            .unwrap()
    }
}

/// Time for the files to be read again. They are read at even seconds, beginning with the first call: never when this
/// ends, so that no thread reads what a test writes next.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(4_300)).await;
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_made_later_have_what_the_files_hold_then() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let files = Files::new(&first.server());
    let recorder = Arc::new(Recorder::default());
    let (connects, accepts) = in_memory();
    let server = Server::new().add(talk::server(Parrot)).tls(files.tls());
    let server = server.metrics(recorder.clone());
    let serving = tokio::spawn(server.serve_with_incoming(accepts));

    let old = connects.channel(first.trusted().build().unwrap());
    once(&old).await.unwrap();
    a_while().await;
    files.write(&second.server());
    a_while().await;
    assert_eq!(recorder.tls_files(Side::Server, true), 1);
    // What is open stays.
    once(&old).await.unwrap();
    let new = connects.channel(second.trusted().build().unwrap());
    once(&new).await.unwrap();
    let told = refused(&connects.channel(first.trusted().build().unwrap())).await;
    assert!(told.contains("was not issued by an authority"), "{told}");
    once(&old).await.unwrap();
    assert_eq!(recorder.tls_files(Side::Server, false), 0);
    drop((old, new, connects));
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_channel_takes_new_roots_and_a_new_identity() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let server = Files::new(&first.server());
    let clients = server.path().join("clients.pem");
    fs::write(&clients, first.pem()).unwrap();
    let tls = ServerTls::builder(&server.chain, &server.key).client_roots_pem_file(&clients);
    let tls = tls.build().unwrap();
    let (connects, accepts) = in_memory();
    let serving = Server::new().add(talk::server(Who)).tls(tls.clone());
    tokio::spawn(serving.serve_with_incoming(accepts));

    let client = Files::new(&first.client("spiffe://test/first"));
    let roots = client.path().join("roots.pem");
    fs::write(&roots, first.pem()).unwrap();
    let shown = ClientTls::builder()
        .roots_pem_file(&roots)
        .identity_pem_files(&client.chain, &client.key)
        .build()
        .unwrap();
    let recorder = Arc::new(Recorder::default());
    let channel = || {
        let channel = Channel::builder("https://localhost").metrics(recorder.clone());
        let channel = channel.connector(connects.clone()).tls(shown.clone());
        channel.build().unwrap()
    };
    let old = channel();
    let who = once(&old).await.unwrap().text;
    assert!(who.starts_with("spiffe://test/first "), "{who}");
    a_while().await;

    // Everything is new: who signs, what the server shows, what the client shows, and whom both trust.
    server.write(&second.server());
    fs::write(&clients, second.pem()).unwrap();
    client.write(&second.client("spiffe://test/second"));
    fs::write(&roots, second.pem()).unwrap();
    a_while().await;
    assert_eq!((tls.state().loads(), shown.state().loads()), (2, 2));
    let who = once(&channel()).await.unwrap().text;
    assert!(who.starts_with("spiffe://test/second "), "{who}");
    // What is open stays, and so does who was let in then.
    let who = once(&old).await.unwrap().text;
    assert!(who.starts_with("spiffe://test/first "), "{who}");
    // Told to the channel that was there.
    assert_eq!(recorder.tls_files(Side::Client, true), 1);
    // Who has only what was taken away is not let in any more.
    let gone = first
        .client("spiffe://test/gone")
        .shown_by(second.trusted());
    let told = refused(&connects.channel(gone)).await;
    assert!(
        told.contains("refuses this channel's certificate: UnknownCA"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_was_not_used_for_long_connects_with_what_is_there_now() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let roots = Files::new(&first.server());
    fs::write(&roots.chain, first.pem()).unwrap();
    let tls = ClientTls::builder()
        .roots_pem_file(&roots.chain)
        .build()
        .unwrap();
    let (connects, accepts) = in_memory();
    let server = Server::new()
        .add(talk::server(Parrot))
        .tls(second.server().tls());
    tokio::spawn(server.serve_with_incoming(accepts));
    let channel = connects.channel(tls);
    fs::write(&roots.chain, second.pem()).unwrap();
    // No time has passed in which somebody could have looked.
    once(&channel).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_half_written_or_gone_changes_nothing_and_is_told_once() {
    let ours = Authority::new("ours");
    let (old, new) = (ours.server(), ours.server());
    let files = Files::new(&old);
    let (chain, key) = (files.chain.display(), files.key.display());
    let told = Told::default();
    let tls = files.tls();
    let (connects, accepts) = in_memory();
    let server = Server::new().add(talk::server(Parrot)).tls(tls.clone());
    let server = server.metrics(Arc::new(told.clone()));
    tokio::spawn(server.serve_with_incoming(accepts));
    let fresh = async || {
        let channel = connects.channel(ours.trusted().build().unwrap());
        once(&channel).await.unwrap();
    };
    fresh().await;
    a_while().await;
    let refused = || tls.state().refused().map(InvalidTls::to_string);
    let half = |text: &str| text[..text.len() / 2].to_owned();
    type Break<'a> = Box<dyn Fn() + 'a>;
    let cases: Vec<(Break<'_>, String)> = vec![
        (
            Box::new(|| fs::write(&files.chain, &new.chain).unwrap()),
            format!("{key}: its key is not that of the first certificate in {chain}"),
        ),
        (
            Box::new(|| fs::write(&files.chain, half(&new.chain)).unwrap()),
            format!(
                "{chain}: certificate 1 is no PEM: its end, -----END CERTIFICATE-----, is missing"
            ),
        ),
        (
            Box::new(|| fs::write(&files.chain, "").unwrap()),
            format!("{chain}: it holds no certificate as PEM"),
        ),
        (
            Box::new(|| fs::remove_file(&files.key).unwrap()),
            format!("{key}: it cannot be read: "),
        ),
    ];
    let lines = || std::mem::take(&mut *told.0.lock().unwrap());
    for (change, expected) in cases {
        change();
        a_while().await;
        let why = refused().unwrap();
        assert!(why.starts_with(&expected), "{why}\n{expected}");
        fresh().await;
        // Whoever asks now is told, too.
        assert_eq!(tls.reload().unwrap_err().to_string(), why);
        match &lines()[..] {
            [line] => assert!(
                line.starts_with("Server false: ") && line.contains(&expected),
                "{line}"
            ),
            lines => panic!("{lines:?}"),
        }
        // What it was before is as good as it was.
        files.write(&old);
        assert_eq!(tls.reload(), Ok(true));
        assert_eq!(tls.reload(), Ok(false));
        assert_eq!(refused(), None);
        let lines = lines();
        let are_true = lines.iter().all(|line| line.starts_with("Server true: "));
        assert!(are_true, "{lines:?}");
    }
}

#[tokio::test]
async fn who_asks_has_it_at_once() {
    let ours = Authority::new("ours");
    let files = Files::new(&ours.server());
    let tls = files.tls();
    let served = Served::with(tls.clone()).await;
    once(&served.channel(ours.trusted().build().unwrap()))
        .await
        .unwrap();
    let theirs = Authority::new("theirs");
    files.write(&theirs.server());
    // It may be read already, for the first connection.
    tls.reload().unwrap();
    once(&served.channel(theirs.trusted().build().unwrap()))
        .await
        .unwrap();
    let state = tls.state();
    assert_eq!((state.loads(), state.refused()), (2, None));
    // Nothing is read again that was given.
    let given = ours.server().tls();
    assert_eq!(given.reload(), Ok(false));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_channel_that_is_gone() {
    let ours = Authority::new("ours");
    let files = Files::new(&ours.server());
    fs::write(&files.chain, ours.pem()).unwrap();
    let tls = ClientTls::builder()
        .roots_pem_file(&files.chain)
        .build()
        .unwrap();
    let (connects, _accepts) = in_memory();
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let channel = connects.channel(tls);
    // It is refused, for nobody answers; the files are followed by then.
    let call = tokio::time::timeout(Duration::from_secs(1), once(&channel)).await;
    assert!(call.is_err());
    assert!(tasks() > 0);
    drop(channel);
    a_while().await;
    assert_eq!(tasks(), 0);
}
