"""The sets of public `.proto` files: what each is made of, and what of it is refused for which reason.

A set is a name, the include roots, and the files by the names they are
imported with. Knows no compiler; `fetch.py` brings the files.
"""

import dataclasses
import fnmatch
import pathlib
import re

from fetch import CORPUS, Package, fetch, fetch_all

REJECTED = CORPUS / "rejected.txt"

EDITION = re.compile(r"^\s*edition\s*=", re.MULTILINE)
MISSING = re.compile(r"import `([^`]+)` not found")


@dataclasses.dataclass(frozen=True)
class Root:
    """An include root: a folder of a package. `only` and `without` are patterns of import names, by which the files of
    the set are chosen; what is not chosen can still be imported."""

    package: Package
    folder: str = ""
    only: tuple = ()
    without: tuple = ()

    def path(self):
        return fetch(self.package) / self.folder


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a set is made of: the roots whose files it has, those that are only imported from, and how many files are
    to be accepted at least: a package that has become smaller is no proof."""

    name: str
    own: tuple
    least: int
    imports: tuple = ()


@dataclasses.dataclass(frozen=True)
class Rejection:
    """Files that are to be refused with a code, and why that is right: a pattern of import names; or `import:` and a
    pattern of the imports that are not there; or `edition:`, every file that says one."""

    files: str
    code: str
    reason: str

    def fits(self, file, message, text):
        """Is this about `file`, which says `text` and is refused with `message`?"""
        if self.files == "edition:":
            return EDITION.search(text) is not None
        if self.files.startswith("import:"):
            missing = MISSING.match(message)
            return missing is not None and fnmatch.fnmatchcase(missing[1], self.files.removeprefix("import:"))
        return fnmatch.fnmatchcase(file, self.files)


@dataclasses.dataclass
class Set:
    """A set on this machine: folders, and names relative to them."""

    name: str
    roots: list
    files: list
    least: int = 0
    rejections: list = dataclasses.field(default_factory=list)

    def text(self, file):
        """Gives what the file says, as the first root has it; nothing if none has it."""
        paths = (root / file for root in self.roots)
        return next((path.read_text(encoding="utf-8", errors="replace") for path in paths if path.is_file()), "")


class BadArgument(Exception):
    """A folder or a name that was given is none."""


GOOGLE = Package("npm", "google-proto-files", "5.0.3")
GOOGLE_COMMON = Root(Package("pypi", "googleapis-common-protos", "1.76.0"))
GOGO = Package("go", "github.com/gogo/protobuf", "v1.3.2", prefix="github.com/gogo/protobuf")
GOGOPROTO = Package("go", "github.com/cosmos/gogoproto", "v1.7.2")
GATEWAY = Root(Package("go", "github.com/grpc-ecosystem/grpc-gateway/v2", "v2.33.0"))
PGV = Root(Package("go", "github.com/envoyproxy/protoc-gen-validate", "v1.3.3"))
KUBERNETES = tuple(
    Root(Package("go", f"k8s.io/{part}", "v0.37.2", prefix=f"k8s.io/{part}"))
    for part in ("api", "apimachinery", "cri-api", "kubelet", "kms")
)
ENVOY = Package("crates", "envoy-types", "0.7.7", folder="proto")
ENVOY_IMPORTS = tuple(
    Root(ENVOY, part)
    for part in ("googleapis", "protoc-gen-validate", "cel-spec/proto", "client_model", "opentelemetry-proto")
)
ENVOY_V2 = Package("npm", "@grpc/grpc-js-xds", "1.14.1", folder="deps")
OPENCENSUS = Root(Package("go", "github.com/census-instrumentation/opencensus-proto", "v0.4.1", folder="src"))
PROTOVALIDATE = Package("go", "github.com/bufbuild/protovalidate", "v1.2.2", folder="proto")
PSRPC = Package("go", "github.com/livekit/psrpc", "v0.8.2", folder="protoc-gen-psrpc/options")
PULSAR = Package("go", "github.com/apache/pulsar-client-go", "v0.19.0")
VTPROTO = Package("go", "github.com/planetscale/vtprotobuf", "v0.6.0", folder="include")
PROTOBUF_GO = Package("go", "google.golang.org/protobuf", "v1.36.12")
PROTOCOMPILE = Package("go", "github.com/bufbuild/protocompile", "v0.14.1")
PROTOREFLECT = Package("go", "github.com/jhump/protoreflect", "v1.19.0")
TEMPORAL = Package("crates", "temporal-sdk-core-protos", "0.1.0", folder="protos")
ETCD = Package("go", "go.etcd.io/etcd/api/v3", "v3.7.3", prefix="etcd/api")
KVPROTO = Package("go", "github.com/pingcap/kvproto", "v0.0.0-20260608025309-50b863799195")

PLANS = (
    Plan("googleapis", (Root(GOOGLE, without=("google/protobuf/*",)),), least=8000),
    # protobuf's own files, editions and tests among them: apart, so that the set above has nothing but services.
    Plan(
        "protobuf",
        (Root(GOOGLE, only=("google/protobuf/*",)),),
        least=15,
        imports=(Root(GOOGLE, "google/protobuf/compiler/ruby"),),
    ),
    Plan("googleapis-common", (GOOGLE_COMMON,), least=60),
    Plan(
        "grpc-proto",
        (Root(Package("debian", "grpc-proto", "installed")),),
        least=15,
        imports=(GOOGLE_COMMON, Root(ENVOY, "data-plane-api"), Root(ENVOY, "xds"), PGV),
    ),
    Plan("grpc-tools", (Root(Package("pypi", "grpcio-tools", "1.85.1", folder="grpc_tools/_proto")),), least=10),
    Plan("grpc-go", (Root(Package("go", "google.golang.org/grpc", "v1.85.0")),), least=8),
    Plan("tonic-health", (Root(Package("crates", "tonic-health", "0.14.9", folder="proto")),), least=1),
    Plan("tonic-reflection", (Root(Package("crates", "tonic-reflection", "0.14.9", folder="proto")),), least=2),
    Plan(
        "opentelemetry",
        (Root(Package("crates", "opentelemetry-proto", "0.33.1", folder="src/proto/opentelemetry-proto")),),
        least=10,
    ),
    Plan("prometheus", (Root(Package("go", "github.com/prometheus/client_model", "v0.6.3")),), least=1),
    Plan("kubernetes", KUBERNETES, least=75),
    Plan(
        "etcd",
        (
            Root(ETCD, without=("etcd/api/etcdserverpb/*",)),
            Root(ETCD, folder="etcd/api/etcdserverpb"),
            Root(Package("go", "go.etcd.io/raft/v3", "v3.7.0")),
        ),
        least=7,
        imports=(GATEWAY, GOOGLE_COMMON),
    ),
    Plan(
        "envoy",
        (Root(ENVOY, "data-plane-api"), Root(ENVOY, "xds"), Root(ENVOY, "ratelimit")),
        least=490,
        imports=ENVOY_IMPORTS,
    ),
    Plan(
        "envoy-v2",
        (Root(ENVOY_V2, "envoy-api"), Root(ENVOY_V2, "xds")),
        least=450,
        imports=(*ENVOY_IMPORTS, OPENCENSUS, GOOGLE_COMMON),
    ),
    Plan("validate", (PGV,), least=7),
    Plan("istio", (Root(Package("go", "istio.io/api", "v1.31.4"), without=("common-protos/*",)),), least=31),
    Plan(
        "containerd",
        (Root(Package("go", "github.com/containerd/containerd/api", "v1.12.0")),),
        least=40,
        imports=(GOOGLE_COMMON,),
    ),
    Plan(
        "gogo",
        (Root(GOGO),),
        least=170,
        # Its tests are compiled from several folders.
        imports=tuple(
            Root(GOGO, f"github.com/gogo/protobuf/{part}") for part in ("", "proto", "protoc-gen-gogo/testdata")
        ),
    ),
    Plan(
        "gogoproto",
        (Root(GOGOPROTO),),
        least=170,
        imports=tuple(Root(GOGOPROTO, part) for part in ("test", "proto", "protoc-gen-gogo/testdata")),
    ),
    Plan(
        "cometbft",
        (Root(Package("go", "github.com/cometbft/cometbft", "v1.0.1", folder="proto")),),
        least=80,
        imports=(Root(GOGOPROTO),),
    ),
    Plan(
        "cosmos",
        (Root(Package("go", "github.com/cosmos/cosmos-sdk", "v0.55.0", folder="proto")),),
        least=50,
        imports=(Root(GOGOPROTO), GOOGLE_COMMON),
    ),
    Plan("kvproto", (Root(KVPROTO, "proto"),), least=25, imports=(Root(KVPROTO, "include"),)),
    Plan("consul", (Root(Package("go", "github.com/hashicorp/consul/proto-public", "v0.6.2")),), least=60),
    Plan(
        "livekit",
        (Root(Package("go", "github.com/livekit/protocol", "v1.54.0", folder="protobufs")),),
        least=43,
        imports=(Root(PSRPC),),
    ),
    Plan("pulsar", (Root(PULSAR),), least=3, imports=(Root(PULSAR, "integration-tests/pb"),)),
    Plan("grpc-gateway", (GATEWAY,), least=30, imports=(GOOGLE_COMMON,)),
    Plan(
        "buildkit",
        (Root(Package("go", "github.com/moby/buildkit", "v0.34.2", prefix="github.com/moby/buildkit")),),
        least=15,
        imports=(
            Root(
                Package(
                    "go",
                    "github.com/tonistiigi/fsutil",
                    "v0.0.0-20261103091533-a72de9dcf763",
                    prefix="github.com/tonistiigi/fsutil",
                )
            ),
            Root(VTPROTO),
            GOOGLE_COMMON,
        ),
    ),
    Plan("opencensus", (OPENCENSUS,), least=8),
    Plan(
        "protovalidate",
        (Root(PROTOVALIDATE, "protovalidate"), Root(PROTOVALIDATE, "protovalidate-testing")),
        least=10,
    ),
    Plan("protobuf-go", (Root(PROTOBUF_GO),), least=65, imports=(Root(PROTOBUF_GO, "src"),)),
    Plan(
        "protocompile",
        (
            Root(PROTOCOMPILE, without=("internal/testdata/*",)),
            Root(PROTOCOMPILE, "internal/testdata", without=("more/*", "options/*")),
            Root(PROTOCOMPILE, "internal/testdata/more"),
            Root(PROTOCOMPILE, "internal/testdata/options"),
        ),
        least=29,
        imports=(Root(GOOGLE),),
    ),
    Plan(
        "protoreflect",
        (
            Root(
                PROTOREFLECT,
                without=("internal/testprotos/*", "desc/protoprint/testfiles/*", "desc/protoparse/internal/*"),
            ),
            Root(PROTOREFLECT, "internal/testprotos"),
            Root(PROTOREFLECT, "desc/protoprint/testfiles"),
        ),
        least=60,
        imports=(Root(GOOGLE),),
    ),
    Plan("protox", (Root(Package("crates", "protox", "0.10.0", folder="tests/data")),), least=15),
    Plan(
        "google-gax",
        (Root(Package("npm", "google-gax", "5.0.8", folder="build/protos"), without=("google/protobuf/*",)),),
        least=110,
    ),
    Plan("hedera", (Root(Package("npm", "@hashgraph/proto", "2.25.0", folder="src/proto")),), least=160),
    Plan(
        "temporal",
        tuple(Root(TEMPORAL, part) for part in ("local", "api_upstream", "testsrv_upstream", "api_cloud_upstream")),
        least=60,
    ),
    Plan("qdrant", (Root(Package("crates", "qdrant-client", "1.20.0", folder="proto")),), least=10),
    Plan("etcd-client", (Root(Package("crates", "etcd-client", "0.21.1", folder="proto")),), least=8),
    Plan("console", (Root(Package("crates", "console-api", "0.9.0", folder="proto")),), least=6),
    Plan("pprof", (Root(Package("crates", "pprof", "0.15.0")),), least=1),
    Plan("onnx", (Root(Package("pypi", "onnx", "1.23.2")),), least=4),
    Plan("nanopb", (Root(Package("pypi", "nanopb", "0.4.9.1")),), least=1),
)


def names():
    return [plan.name for plan in PLANS]


def ready(wanted=None):
    """Gives the sets of these names, by default all, fetching what is not there yet."""
    unknown = set(wanted or ()) - set(names())
    if unknown:
        raise BadArgument(f"there is no set `{sorted(unknown)[0]}`; there are: {' '.join(names())}")
    rejections = read_rejections(REJECTED.read_text(encoding="utf-8"))
    plans = [plan for plan in PLANS if not wanted or plan.name in wanted]
    # Each once, in their order.
    fetch_all(dict.fromkeys(root.package for plan in plans for root in (*plan.own, *plan.imports)))
    return [of_plan(plan, rejections.get(plan.name, [])) for plan in plans]


def of_plan(plan, rejections):
    own = [root.path() for root in plan.own]
    roots = own + [root.path() for root in plan.imports]
    files = {}
    for root, path in zip(plan.own, own):
        for name in below(path):
            # The first root that has a name wins, as in every compiler.
            if chosen(name, root):
                files.setdefault(name, path)
    return Set(plan.name, roots, sorted(files), plan.least, rejections)


def of_argument(argument):
    """Gives the set of `DIR` or `DIR:ROOT:…`: all files of the first folder, which is a root itself, and the further
    roots that they import from."""
    parts = argument.split(":")
    roots = [pathlib.Path(part) for part in parts]
    for part, root in zip(parts, roots):
        if not part or not root.is_dir():
            advice = "give DIR, or DIR:ROOT:… with further include roots"
            raise BadArgument(f"`{part}` (of `{argument}`) is no folder; {advice}")
    files = below(roots[0])
    if not files:
        raise BadArgument(f"there is no .proto file below `{roots[0]}`")
    return Set(argument, [root.resolve() for root in roots], files, least=1)


def below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.proto") if path.is_file())


def chosen(name, root):
    return (not root.only or matches(name, root.only)) and not matches(name, root.without)


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def read_rejections(text):
    """Reads lines of `SET FILES CODE REASON`; what follows a `#` is a comment."""
    rejections = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        parts = line.split(maxsplit=3)
        if len(parts) != 4:
            raise BadArgument(f"{REJECTED.name}:{number}: expected SET FILES CODE REASON")
        name, files, code, reason = parts
        rejections.setdefault(name, []).append(Rejection(files, code, reason))
    return rejections
