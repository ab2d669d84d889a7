"""Brings packages of public `.proto` files from the registries, once each.

Every registry is asked by its own ordinary client, for a pinned version; only
`.proto` files are kept, in `.sets/REGISTRY-NAME-VERSION`. Knows nothing of
what the files are for, and tries nothing twice.
"""

import concurrent.futures
import contextlib
import dataclasses
import fcntl
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent
SETS = CORPUS / ".sets"

# Packages that are fetched at once: each waits for its registry most of the time.
AT_ONCE = 6
# Seconds that the client of a registry may take for one package.
CLIENT_LIMIT = 600.0
# Where Debian's package `grpc-proto` puts its files, and what stands for it elsewhere.
DEBIAN_GRPC_PROTO = pathlib.Path("/usr/share/grpc-proto")
GRPC_PROTO_VARIABLE = "CORPUS_GRPC_PROTO"

TOOLS = {
    "npm": ("npm", "`apt-get install npm`, or https://nodejs.org"),
    "go": ("go", "https://go.dev/doc/install (1.26 or newer)"),
    "crates": ("cargo", "https://rustup.rs"),
}


class FetchFailed(Exception):
    """What cannot be had, why, and what to do."""


@dataclasses.dataclass(frozen=True)
class Package:
    """One version of one package. `folder` is all that is taken of it, and `prefix` the folder that it becomes, for
    files whose imports begin with a path that the package does not have."""

    registry: str
    name: str
    version: str
    folder: str = ""
    prefix: str = ""

    def label(self):
        name = self.name.lstrip("@").replace("/", "-")
        # Two excerpts of one package lie beside each other.
        excerpt = f"-{self.folder.strip('/').replace('/', '-')}" if self.folder else ""
        return f"{self.registry}-{name}-{self.version}{excerpt}"


def fetch_all(packages, sets=SETS):
    """Fetches those that are not there yet, several at once; a failure is told when those under way are done."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        fetched = [pool.submit(fetch, package, sets) for package in packages]
        try:
            for one_of_them in concurrent.futures.as_completed(fetched):
                one_of_them.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def fetch(package, sets=SETS):
    """Gives the folder of the package's `.proto` files, fetched if it is not there yet."""
    sets.mkdir(exist_ok=True)
    with locked(sets, package):
        folder = sets / package.label()
        stamp = sets / f"{package.label()}.complete"
        key = repr(package)
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == key:
            return folder
        print(f"corpus: fetching {package.registry} {package.name} {package.version} …", file=sys.stderr, flush=True)
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        take(package, folder)
        if not any(folder.rglob("*.proto")):
            raise FetchFailed(f"{about(package)} has no .proto file below `{package.folder or '.'}`")
        stamp.write_text(key, encoding="utf-8")
        return folder


@contextlib.contextmanager
def locked(sets, package):
    """Two runs at once would fetch into the same folder: the second waits."""
    with open(sets / f"{package.label()}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def take(package, folder):
    """Puts the package's `.proto` files below `folder`."""
    need(package)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as scratch:
        files = CLIENTS[package.registry](package, pathlib.Path(scratch))
        inside = package.folder.strip("/")
        for name, read in files:
            if not name.endswith(".proto") or not (not inside or name.startswith(f"{inside}/")):
                continue
            name = name[len(inside) :].lstrip("/")
            if ".." in pathlib.PurePosixPath(name).parts:
                raise FetchFailed(f"{about(package)} holds a file outside of itself: {name}")
            target = folder / package.prefix / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(read())


def need(package):
    if package.registry not in TOOLS:
        return
    tool, install = TOOLS[package.registry]
    if shutil.which(tool) is None:
        raise FetchFailed(f"{about(package)} needs `{tool}`, which is not there. Install it: {install}")


def npm(package, scratch):
    run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], package, scratch)
    return in_tar(one(scratch, "*.tgz", package), strip="package/")


def pypi(package, scratch):
    python = python_with_pip(package, scratch)
    pip = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    pip += ["--disable-pip-version-check", f"--dest={scratch}", f"{package.name}=={package.version}"]
    run(pip, package, scratch)
    return in_zip(one(scratch, "*.whl", package))


def python_with_pip(package, scratch):
    """This Python, or where it has no pip, as Debian's, an environment of its own that has."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    try:
        venv.create(scratch / "venv", with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        advice = "`apt-get install python3-venv`, or your system's package"
        raise FetchFailed(f"{about(package)} needs pip, and there is none: {error}\nInstall it: {advice}") from None
    return str(scratch / "venv" / "bin" / "python")


def go(package, scratch):
    command = ["go", "mod", "download", "-json", f"{package.name}@{package.version}"]
    printed = run(command, package, scratch, {"GOWORK": "off", "GOFLAGS": ""})
    return in_folder(pathlib.Path(json.loads(printed)["Dir"]))


def crates(package, scratch):
    # `cargo info` fetches one package without those that it depends on.
    run(["cargo", "info", "--quiet", f"{package.name}@{package.version}"], package, scratch)
    home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    found = sorted(home.glob(f"registry/src/*/{package.name}-{package.version}"))
    if not found:
        raise FetchFailed(f"{about(package)}: cargo left nothing in {home / 'registry/src'}")
    return in_folder(found[-1])


def debian(package, scratch):
    """The installed copy where there is one: the system's own package manager has checked it, and CI installs it for
    the interop tests anyway. Otherwise the package is unpacked, not installed."""
    named = os.environ.get(GRPC_PROTO_VARIABLE)
    installed = pathlib.Path(named) if named else DEBIAN_GRPC_PROTO
    if installed.is_dir():
        return in_folder(installed)
    advice = f"`apt-get install {package.name}`, or set {GRPC_PROTO_VARIABLE} to a folder with its files"
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise FetchFailed(f"{about(package)} is not installed, and there is no `{tool}`. Install it: {advice}")
    try:
        run(["apt-get", "--quiet=2", "download", package.name], package, scratch)
    except FetchFailed as error:
        raise FetchFailed(f"{error}\nInstall it: {advice}") from None
    run(["dpkg-deb", "--extract", str(one(scratch, "*.deb", package)), str(scratch / "files")], package, scratch)
    return in_folder(scratch / "files" / str(DEBIAN_GRPC_PROTO).lstrip("/"))


CLIENTS = {"npm": npm, "pypi": pypi, "go": go, "crates": crates, "debian": debian}


def in_tar(archive, strip):
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                yield member.name.removeprefix(strip), lambda member=member: tar.extractfile(member).read()


def in_zip(archive):
    with zipfile.ZipFile(archive) as bundle:
        for name in bundle.namelist():
            yield name, lambda name=name: bundle.read(name)


def in_folder(folder):
    for path in sorted(folder.rglob("*.proto")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes


def one(folder, pattern, package):
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FetchFailed(f"{about(package)}: its client left {len(found)} files like {pattern}")
    return found[0]


def run(command, package, cwd, environment=None):
    """Runs a client to its end and gives what it printed."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=CLIENT_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FetchFailed(f"{about(package)}: `{command[0]}` took over {CLIENT_LIMIT:.0f} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip() or done.stdout.strip()
        hint = "is the network there, and the registry reachable?"
        raise FetchFailed(f"{about(package)}: `{' '.join(command[:3])} …` failed ({hint})\n{said}")
    return done.stdout


def about(package):
    return f"{package.registry} {package.name} {package.version}"
