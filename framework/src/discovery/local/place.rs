//! Where the registry directory is, and whether it may be trusted.
//! It refuses a directory that anybody else can write to: he would say where calls go.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Says where the registry directory is.
pub(super) const VARIABLE: &str = "SINEW_REGISTRY_DIR";

/// Bits of others and of the group that let them write.
const OTHERS_WRITE: u32 = 0o022;

/// Whoever has this id can write everywhere anyway.
const ROOT: u32 = 0;

/// Bytes of the name of a service or of an id: a name of a file has 255 at most, and is longer by some letters.
const LONGEST_NAME: usize = 200;

/// What the environment says of it.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) registry: Option<PathBuf>,
    pub(super) runtime: Option<PathBuf>,
    pub(super) temporary: PathBuf,
}

impl Environment {
    pub(super) fn read() -> Self {
        let path = |name| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        Self {
            registry: path(VARIABLE),
            runtime: path("XDG_RUNTIME_DIR"),
            temporary: std::env::temp_dir(),
        }
    }

    /// The registry directory: the one that is named, else one in the runtime directory of the user, which goes with
    /// his session, else one of his among the temporary files.
    pub(super) fn root(self, uid: u32) -> io::Result<PathBuf> {
        Ok(match (self.registry, self.runtime) {
            (Some(named), _) if named.is_relative() => {
                let why = format!(
                    "{VARIABLE} is {named:?}: it has to be an absolute path, or processes in other folders find nobody"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
            (Some(named), _) => named,
            (None, Some(runtime)) => runtime.join("sinew"),
            (None, None) => self.temporary.join(format!("sinew-{uid}")),
        })
    }
}

/// The registry directory of this process.
pub(super) fn root() -> io::Result<PathBuf> {
    Environment::read().root(uid()?)
}

/// The directory of a service below `root`, made where it is missing, and checked.
pub(super) fn of_service(root: &Path, service: &str) -> io::Result<PathBuf> {
    let uid = uid()?;
    prepare(root, uid)?;
    let path = root.join(service);
    prepare(&path, uid)?;
    Ok(path)
}

/// Makes it, readable for nobody else, where it is missing; then looks who can write there.
pub(super) fn prepare(path: &Path, uid: u32) -> io::Result<()> {
    let made = DirBuilder::new().mode(0o700).recursive(true).create(path);
    let cannot = format!("cannot be made (another registry directory is named by {VARIABLE})");
    made.map_err(|why| named(path, &cannot, why))?;
    let meta = fs::symlink_metadata(path).map_err(|why| named(path, "cannot be read", why))?;
    let refused = |why: String| {
        let path = path.display();
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("the registry directory {path} is not to be trusted: {why}"),
        )
    };
    if !meta.is_dir() {
        return Err(refused("it is no directory".to_owned()));
    }
    if !is_trusted(meta.uid(), uid) {
        let owner = meta.uid();
        return Err(refused(format!(
            "it belongs to user {owner}, and this process to user {uid}"
        )));
    }
    if meta.mode() & OTHERS_WRITE != 0 {
        let mode = meta.mode() & 0o7777;
        return Err(refused(format!(
            "others can write there (its mode is {mode:o}), and could send calls elsewhere; \"chmod 700\" it"
        )));
    }
    Ok(())
}

/// May a file of this owner say where the calls of this user's process go?
pub(super) fn is_trusted(owner: u32, uid: u32) -> bool {
    owner == uid || owner == ROOT
}

/// Why this is no name of a service or id, if it is none.
pub(super) fn not_a_name(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if name.len() > LONGEST_NAME {
        Some(format!("it is longer than {LONGEST_NAME} bytes"))
    } else if name.starts_with('.') || !name.bytes().all(is_plain) {
        Some(
            "it has to be made of letters, digits, \".\", \"_\" and \"-\", and not to begin with a dot"
                .to_owned(),
        )
    } else {
        None
    }
}

/// The user of this process, as it was when somebody first asked: a process that has no descriptors left knows it, too.
pub(super) fn uid() -> io::Result<u32> {
    static UID: OnceLock<u32> = OnceLock::new();
    if let Some(uid) = UID.get() {
        return Ok(*uid);
    }
    let uid = read_uid()?;
    Ok(*UID.get_or_init(|| uid))
}

/// Asked of a file, as rustix then has the features alone that it has in every build; and of its text, as the owner of
/// the file is root where the process may not be looked into.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn read_uid() -> io::Result<u32> {
    let path = Path::new("/proc/self/status");
    let status = fs::read_to_string(path).map_err(|why| named(path, "cannot be read", why))?;
    let uid = effective_uid(&status);
    uid.ok_or_else(|| named(path, "has no user", io::ErrorKind::InvalidData.into()))
}

/// Of `Uid: real effective saved file-system`.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn effective_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn read_uid() -> io::Result<u32> {
    Ok(rustix::process::geteuid().as_raw())
}

/// Is this file still what stands at the path, and not another one?
pub(super) fn is_at(path: &Path, file: &File) -> bool {
    let there = fs::symlink_metadata(path);
    let both = there.and_then(|there| Ok((there, file.metadata()?)));
    both.is_ok_and(|(there, ours)| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
}

/// The error, with what it is about.
pub(super) fn named(path: &Path, what: &str, why: io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{} {what}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::discovery::local::tests::Folder;

    #[test]
    fn it_is_where_the_environment_says() {
        let of = |registry: Option<&str>, runtime: Option<&str>| {
            let environment = Environment {
                registry: registry.map(PathBuf::from),
                runtime: runtime.map(PathBuf::from),
                temporary: "/tmp".into(),
            };
            environment.root(7)
        };
        for (registry, runtime, want) in [
            (Some("/a"), Some("/run/user/7"), "/a"),
            (None, Some("/run/user/7"), "/run/user/7/sinew"),
            (None, None, "/tmp/sinew-7"),
        ] {
            assert_eq!(of(registry, runtime).unwrap(), Path::new(want));
        }
        let why = of(Some("a"), None).unwrap_err().to_string();
        assert!(why.contains("SINEW_REGISTRY_DIR is \"a\""), "{why}");
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let folder = Folder::new();
        let root = folder.path().join("made");
        let dir = of_service(&root, "shop.Cart").unwrap();
        for path in [&root, &dir] {
            let mode = fs::metadata(path).unwrap().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
        for (mode, is_refused) in [(0o750, false), (0o755, false), (0o770, true), (0o707, true)] {
            fs::set_permissions(&root, Permissions::from_mode(mode)).unwrap();
            let result = of_service(&root, "shop.Cart");
            assert_eq!(result.is_err(), is_refused, "{mode:o}");
            if let Err(why) = result {
                let want = format!("its mode is {mode:o}");
                assert!(why.to_string().contains(&want), "{why}");
            }
        }
        fs::set_permissions(&root, Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(&dir, Permissions::from_mode(0o777)).unwrap();
        assert!(of_service(&root, "shop.Cart").is_err());

        let link = folder.path().join("link");
        symlink(&root, &link).unwrap();
        let why = prepare(&link, uid().unwrap()).unwrap_err().to_string();
        assert!(why.contains("it is no directory"), "{why}");
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let folder = Folder::new();
        let meta = fs::metadata(folder.path()).unwrap();
        let refused = prepare(folder.path(), meta.uid() + 1);
        if meta.uid() != ROOT {
            let why = refused.unwrap_err().to_string();
            assert!(why.contains("it belongs to user"), "{why}");
        } else {
            // What is root's is everybody's to trust.
            refused.unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_user_is_the_one_who_owns_what_is_made() {
        let folder = Folder::new();
        assert_eq!(fs::metadata(folder.path()).unwrap().uid(), uid().unwrap());
        let status = "Name:\tx\nUid:\t1000\t7\t8\t9\nGid:\t1\t2\t3\t4\n";
        assert_eq!(effective_uid(status), Some(7));
        assert_eq!(effective_uid("Name:\tx\n"), None);
    }

    #[test]
    fn a_name_is_one_of_a_file_and_of_nothing_else() {
        for name in ["shop.v1.Cart", "a", "A-b_c.9"] {
            assert_eq!(not_a_name(name), None, "{name}");
        }
        for name in ["", ".", "..", ".slots", "a/b", "a b", "ä", &"x".repeat(201)] {
            assert!(not_a_name(name).is_some(), "{name}");
        }
    }
}
