//! The file of a Unix socket: whose place a new one takes, and which one is ours to remove.
//! It refuses to touch what is not a socket, and sockets that another server may listen at.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The file of a socket that we listen at: removed with it, unless another has taken its place.
///
/// Drop it before the listener: while that is open no one takes the socket for a dead one,
/// and the system gives its inode to no other file.
pub(super) struct Socket {
    path: PathBuf,
    bound: FileId,
}

/// The device and the inode of a file.
#[derive(PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    fn of(file: &Metadata) -> Self {
        Self(file.dev(), file.ino())
    }
}

impl Socket {
    pub(super) async fn listen(path: PathBuf) -> io::Result<(Self, UnixListener)> {
        let listener = match UnixListener::bind(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_dead(&path).await?;
                UnixListener::bind(&path)?
            }
            bound => bound?,
        };
        let bound = FileId::of(&fs::symlink_metadata(&path)?);
        Ok((Self { path, bound }, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let is_ours =
            fs::symlink_metadata(&self.path).is_ok_and(|file| FileId::of(&file) == self.bound);
        if is_ours {
            // Nobody can be told here that it stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes what a dead server left. Only a refused connection says that it is dead: one that waits in vain
/// (EAGAIN) or may not be made (EACCES) says nothing.
async fn remove_dead(path: &Path) -> io::Result<()> {
    let in_use = |what| Err(io::Error::new(io::ErrorKind::AddrInUse, what));
    match fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => {}
        Ok(_) => return in_use("what is there is no socket"),
        Err(error) => return gone(error),
    }
    match UnixStream::connect(path).await {
        Ok(_) => in_use("another server listens there"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).or_else(gone)
        }
        Err(error) => gone(error).map_err(|error| {
            let what = format!("whether another server listens there is unknown: {error}");
            io::Error::new(error.kind(), what)
        }),
    }
}

/// The other server may have removed it just now.
fn gone(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}
