//! Servers and channels for the tests: the same service over TCP, a Unix socket, and in process.

use sinew::{Channel, Context, Inbound, Outbound, Result, Server, Skeleton, Status};
use tokio::task::JoinHandle;

use crate::talk::{Say, Talk, talk};

/// Repeats, counts and echoes.
pub(crate) struct Parrot;

impl Talk for Parrot {
    async fn once(&self, _: &Context, req: Say) -> Result<Say> {
        match req.text.as_str() {
            "" => Err(Status::invalid_argument("say something")),
            "panic" => panic!("told to"),
            _ => Ok(req),
        }
    }

    async fn down(&self, cx: &Context, req: Say, out: &mut Outbound<Say>) -> Result<()> {
        cx.reply_metadata().insert("x-head", "before");
        cx.reply_trailers().insert("x-tail", "behind");
        for n in 0..req.count {
            out.send(Say::new(&req.text, n)).await?;
        }
        match req.text.as_str() {
            "fail" => Err(Status::data_loss("told to")),
            "panic" => panic!("told to"),
            _ => Ok(()),
        }
    }

    async fn up(&self, _: &Context, mut rx: Inbound<Say>) -> Result<Say> {
        let mut all = String::new();
        let mut count = 0;
        while let Some(say) = rx.next().await? {
            all.push_str(&say.text);
            count += say.count;
        }
        Ok(Say::new(&all, count))
    }

    async fn both(&self, _: &Context, mut rx: Inbound<Say>, out: &mut Outbound<Say>) -> Result<()> {
        while let Some(say) = rx.next().await? {
            out.send(say).await?;
        }
        Ok(())
    }
}

/// A way to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Tcp,
    Unix,
    InProcess,
}

pub(crate) const WAYS: [Way; 3] = [Way::Tcp, Way::Unix, Way::InProcess];

/// A server with a channel to it; the server ends with it.
pub(crate) struct World {
    pub(crate) channel: Channel,
    pub(crate) url: String,
    serving: Option<JoinHandle<()>>,
    _dir: Option<Dir>,
}

/// A folder that goes with the test.
pub(crate) struct Dir(std::path::PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        let name = format!("sinew-{}-{:x}", std::process::id(), fastrand::u64(..));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

impl World {
    pub(crate) fn talk(&self) -> talk::Client {
        talk::Client::new(self.channel.clone())
    }

    /// A channel whose server needs nobody to keep it.
    pub(crate) fn over(channel: Channel) -> Self {
        Self {
            channel,
            url: String::new(),
            serving: None,
            _dir: None,
        }
    }

    /// Ends the server at once, with all that it does.
    pub(crate) async fn cut_off(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            assert!(serving.await.unwrap_err().is_cancelled());
        }
    }

    pub(crate) async fn parrot(way: Way) -> Self {
        Self::of(way, talk::server(Parrot)).await
    }

    pub(crate) async fn of(way: Way, skeleton: Skeleton) -> Self {
        Self::server(way, Server::new().add(skeleton)).await
    }

    pub(crate) async fn server(way: Way, server: Server) -> Self {
        let (addr, dir) = match way {
            Way::InProcess => {
                return Self::over(Channel::in_process(server));
            }
            Way::Tcp => ("127.0.0.1:0".to_owned(), None),
            Way::Unix => {
                let dir = Dir::new();
                (format!("unix:{}/s", dir.path().display()), Some(dir))
            }
        };
        let bound = server.bind(addr).await.unwrap();
        let url = bound.url();
        let channel = Channel::to(&url).unwrap();
        let serving = tokio::spawn(async move { bound.serve().await.unwrap() });
        Self {
            channel,
            url,
            serving: Some(serving),
            _dir: dir,
        }
    }
}
