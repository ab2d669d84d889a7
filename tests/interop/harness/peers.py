"""Sets up what the cases run between, under `.peers`, once.

Gives the commands of each implementation. Leaves the machine outside `.peers`
and the tools' own caches as it is, and tries nothing twice.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INTEROP = HERE.parent
WORKSPACE = INTEROP.parent.parent
PEERS = INTEROP / ".peers"
PROTO = INTEROP / "proto"
EXPORTED = INTEROP / "exported"
PROTO_FILES = ("empty.proto", "messages.proto", "test.proto", "shop.proto")
# Holds `sinew/options.proto`.
BUILTIN = WORKSPACE / "idl" / "proto" / "builtin"

GRPC_GO = "v1.85.0"
GRPCURL = "v1.9.3"
# Seconds for one step of the set-up, downloads and builds included.
STEP_LIMIT = 1200.0
# A folder that holds `grpc/testing/test.proto`, instead of Debian's package.
PUBLIC_PROTO_VARIABLE = "INTEROP_GRPC_PROTO"


class SetUpFailed(Exception):
    """What could not be set up, why, and what to do."""


@dataclasses.dataclass
class Command:
    """How the server and the client of one implementation are started; grpcurl and h2spec are clients alone."""

    server: list
    client: list
    environment: dict = dataclasses.field(default_factory=dict)


def set_up(wanted):
    """Gives the `Command` of each wanted implementation, all of them ready to run."""
    PEERS.mkdir(exist_ok=True)
    with locked():
        python = python_peer()
        check_contract(python)
        makers = {
            "ours": our_peer,
            "go": go_peer,
            "gozip": gozip_peer,
            "grpcurl": grpcurl_peer,
            "h2spec": h2spec_peer,
            "python": lambda: python_command(python),
        }
        return {name: makers[name]() for name in sorted(wanted)}


@contextlib.contextmanager
def locked():
    """Two runs at once would build into the same folders: the second waits."""
    with open(PEERS / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(name, key, build):
    """Gives `.peers/name`, built for `key`: anew if another key or an interrupted run left it."""
    folder = PEERS / name
    stamp = folder / "complete"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == key:
        return folder
    print(f"interop: setting up {name} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    build(folder)
    stamp.write_text(key, encoding="utf-8")
    return folder


def our_peer():
    cargo = ["cargo", "build", "--package", "interop", "--bins"]
    built = step(
        [*cargo, "--message-format=json-render-diagnostics"],
        "our server and client do not build",
        cwd=WORKSPACE,
        stderr=None,
    )
    messages = (json.loads(line) for line in built.splitlines() if line.startswith("{"))
    programs = {
        message["target"]["name"]: message["executable"]
        for message in messages
        if message["reason"] == "compiler-artifact" and message["executable"]
    }
    return Command([programs["interop-server"]], [programs["interop-client"]])


def go_peer():
    package = "google.golang.org/grpc/interop"
    folder = go_programs(
        "go", [f"{package}/{program}@{GRPC_GO}" for program in ("client", "server")]
    )
    # The server tells its port only in its log.
    return Command(
        [str(folder / "server")],
        [str(folder / "client")],
        {"GRPC_GO_LOG_SEVERITY_LEVEL": "info"},
    )


def gozip_peer():
    """Programs of ours on grpc-go; what they stand on is pinned in their go.mod and go.sum."""
    sources = INTEROP / "peers" / "go"
    files = sorted(path for path in sources.rglob("*") if path.is_file())
    folder = go_module("gozip", sources, files, "./...")
    return Command([str(folder / "server")], [str(folder / "client")])


def h2spec_peer():
    """h2spec has no go.mod of its own: what it stands on is pinned in ours."""
    sources = INTEROP / "peers" / "h2spec"
    files = [sources / "go.mod", sources / "go.sum"]
    folder = go_module("h2spec", sources, files, "github.com/summerwind/h2spec/cmd/h2spec")
    client = [sys.executable, str(sources / "client.py")]
    return Command([], client, {"H2SPEC": str(folder / "h2spec")})


def go_module(name, sources, files, packages):
    """Gives `.peers/name`, with the programs that these packages of our module in `sources` are."""
    version = step(["go", "version"], "`go version` fails")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())

    def build(folder):
        step(
            ["go", "build", "-ldflags=-s -w", "-o", f"{folder}/", packages],
            f"{sources} does not build (it needs Go 1.26 or newer; there is {version.strip()})",
            cwd=sources,
            environment={"GOWORK": "off", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"},
        )

    return ensure(name, f"{digest.hexdigest()} {version}", build)


def grpcurl_peer():
    program = f"github.com/fullstorydev/grpcurl/cmd/grpcurl@{GRPCURL}"
    folder = go_programs("grpcurl", [program])
    client = INTEROP / "peers" / "grpcurl" / "client.py"
    return Command([], [sys.executable, str(client)], {"GRPCURL": str(folder / "grpcurl")})


def go_programs(name, programs):
    """Gives `.peers/name`, into which these are installed; each is a package with its version."""
    version = step(["go", "version"], "`go version` fails")
    shown = " ".join(programs)

    def build(folder):
        step(
            ["go", "install", "-ldflags=-s -w", *programs],
            f"{shown} does not build (it needs Go 1.26 or newer; there is {version.strip()})",
            environment={"GOBIN": str(folder), "GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"},
        )

    return ensure(name, f"{shown} {version}", build)


def python_peer():
    requirements = INTEROP / "peers" / "python" / "requirements.txt"
    pinned = requirements.read_text(encoding="utf-8")

    def build(folder):
        why = "the environment of the Python peer cannot be made"
        step([sys.executable, "-m", "venv", str(folder / "venv")], why)
        pip = [interpreter(folder), "-m", "pip", "install", "--quiet", "--no-deps"]
        pip += ["--only-binary=:all:", "--disable-pip-version-check"]
        step([*pip, "--requirement", str(requirements)], why)

    return ensure("python", f"{sys.executable} {sys.version} {pinned}", build)


def python_command(python_folder):
    python = interpreter(python_folder)

    def build(folder):
        outputs = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        roots = [f"-I{PROTO}", f"-I{BUILTIN}", f"-I{EXPORTED}"]
        files = [*PROTO_FILES, "sinew/options.proto", "ledger.proto"]
        protoc(python, [*outputs, *roots], files)

    # Message code belongs to one version of protobuf.
    versions = (python_folder / "complete").read_text(encoding="utf-8")
    messages = ensure("python-messages", f"{versions} {proto_digest()}", build)
    scripts = INTEROP / "peers" / "python"
    return Command(
        [python, str(scripts / "server.py")],
        [python, str(scripts / "client.py")],
        {"PYTHONPATH": str(messages)},
    )


def check_contract(python_folder):
    """Our `.proto` has the names, numbers and types of the public one."""
    named = os.environ.get(PUBLIC_PROTO_VARIABLE)
    contract = HERE / "contract.py"
    key = f"{named} {proto_digest()} {contract.read_text(encoding='utf-8')}"

    def build(folder):
        python = interpreter(python_folder)
        root = pathlib.Path(named) if named else debian_proto(folder)
        public = root / "grpc" / "testing" / "test.proto"
        if not public.is_file():
            raise SetUpFailed(f"there is no {public}")
        ours, theirs = folder / "ours.pb", folder / "public.pb"
        options = ["--include_imports"]
        protoc(python, [*options, f"--descriptor_set_out={ours}", f"-I{PROTO}"], ["test.proto"])
        protoc(python, [*options, f"--descriptor_set_out={theirs}", f"-I{root}"], [str(public)])
        step(
            [python, str(contract), str(ours), str(theirs)],
            f"tests/interop/proto differs from {public}",
        )

    ensure("contract", key, build)


def debian_proto(folder):
    """Gives the root of the `.proto` files of Debian's package, unpacked but not installed."""
    installed = pathlib.Path("/usr/share/grpc-proto")
    if (installed / "grpc" / "testing" / "test.proto").is_file():
        return installed
    why = (
        "Debian's package `grpc-proto` (the public test.proto) cannot be had."
        f" Install it, or set {PUBLIC_PROTO_VARIABLE} to a folder that holds grpc/testing/test.proto"
    )
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SetUpFailed(f"{why}: there is no `{tool}` here")
    download = ["apt-get", "--quiet=2", "download", "grpc-proto"]
    if not any(folder.glob("*.deb")) and not succeeds(download, folder):
        # The machine has no package lists: fetch them into a folder of ours.
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / "apt" / name).mkdir(parents=True)
        own = [f"-oDir::State::Lists={folder}/apt/lists", f"-oDir::Cache={folder}/apt/cache"]
        step(["apt-get", "--quiet=2", *own, "update"], why, cwd=folder)
        step([*download, *own], why, cwd=folder)
        shutil.rmtree(folder / "apt")
    package = next(folder.glob("grpc-proto_*.deb"), None)
    if package is None:
        raise SetUpFailed(f"{why}: `apt-get download` left no file")
    step(["dpkg-deb", "--extract", str(package), str(folder / "debian")], why)
    return folder / "debian" / "usr" / "share" / "grpc-proto"


def protoc(python, options, files):
    step([python, "-m", "grpc_tools.protoc", *options, *files], "protoc rejects a .proto file")


def proto_digest():
    digest = hashlib.sha256()
    for name in PROTO_FILES:
        digest.update((PROTO / name).read_bytes())
    digest.update((BUILTIN / "sinew" / "options.proto").read_bytes())
    digest.update((EXPORTED / "ledger.proto").read_bytes())
    return digest.hexdigest()


def interpreter(folder):
    return str(folder / "venv" / "bin" / "python")


def succeeds(command, cwd):
    """Runs what may well fail."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=STEP_LIMIT, check=False
    )
    return done.returncode == 0


def step(command, why, cwd=None, environment=None, stderr=subprocess.STDOUT):
    """Runs one step to its end and gives what it printed; says `why` when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            errors="replace",
            timeout=STEP_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetUpFailed(f"{why}: over {STEP_LIMIT:.0f} s for {command}") from None
    if done.returncode != 0:
        # What cargo prints on standard output is meant for programs.
        shown = "" if stderr is None else f"\n{done.stdout.rstrip()}"
        raise SetUpFailed(f"{why}: {' '.join(command)}{shown}")
    return done.stdout
