"""Type-checks generated code in crates of its own, as strictly as a user's crate may be: in both editions with
warnings denied, its documentation too, and none of its comments is a test.

It runs cargo and rustdoc, and judges by what they say; clippy is left to
`tests/gen-compile`, for it would take as long as all of this.
"""

import dataclasses
import json
import shutil

from compile import WORK, measure, slug
from fetch import CORPUS

PROJECT = CORPUS.parent.parent
FOLDER = WORK / "check"
TARGET = CORPUS / "target" / "check"
EDITIONS = ("2021", "2024")
# Files whose code goes into one crate, unless a unit alone has more: several rustcs at once have to fit into memory.
CRATE_FILES = 150
# Seconds for a run of cargo over all crates, and for one of rustdoc.
CARGO_LIMIT = 5400.0
RUSTDOC_LIMIT = 900.0
# Messages of a crate that are shown, and characters of each.
SHOWN_MESSAGES = 3
SHOWN = 1500

# As in tests/gen-compile/src/lib.rs, but for clippy.
DENIED = (
    "warnings",
    "missing_docs",
    "unreachable_pub",
    "unused",
    "future_incompatible",
    "nonstandard_style",
    "rust_2018_idioms",
    "rust_2021_compatibility",
    "rustdoc::all",
)


@dataclasses.dataclass
class Piece:
    """Code to be checked: of which set, how many files it is of, and the file to include."""

    set: str
    code: str
    files: int
    counts: dict


@dataclasses.dataclass
class Step:
    """One way in which all crates were checked."""

    name: str
    measured: object
    failures: list


def run(pieces, progress):
    """Checks the pieces, and gives the steps that were taken."""
    crates = crates_of(pieces)
    write(crates)
    steps = []
    for edition in EDITIONS:
        steps.append(cargo(f"edition {edition}", "check", crates, edition, {}, progress))
    # The edition of a crate changes nothing in its documentation.
    steps.append(cargo("documentation", "doc", crates, "2024", {"RUSTDOCFLAGS": "-D warnings"}, progress))
    if not steps[1].failures:
        steps.append(doctests(crates, progress))
    return crates, steps


def crates_of(pieces):
    """Gives crates by name. Each has code of one set alone, so that a change of a set is checked anew without the
    others, and a failure names it."""
    bundles = {}
    for piece in pieces:
        of_set = bundles.setdefault(piece.set, [[]])
        if of_set[-1] and sum(one.files for one in of_set[-1]) + piece.files > CRATE_FILES:
            of_set.append([])
        of_set[-1].append(piece)
    # Names of folders that are given may be anything.
    return {
        f"corpus-{slug(name).lower()}-{number}": bundle
        for name, of_set in bundles.items()
        for number, bundle in enumerate(of_set)
    }


def write(crates):
    """Writes a workspace with each crate in both editions; what is there already and does not change is left alone, so
    that cargo checks only what is new."""
    members = []
    for name, pieces in crates.items():
        lines = [f"//! Generated code of the corpus.\n#![deny({', '.join(DENIED)})]"]
        for number, piece in enumerate(pieces):
            lines.append(f"/// Files that are compiled together.\npub mod unit{number} {{ include!({quoted(piece.code)}); }}")
        update(FOLDER / "src" / f"{name}.rs", "\n\n".join(lines) + "\n")
        for edition in EDITIONS:
            members.append(package(name, edition))
            update(FOLDER / package(name, edition) / "Cargo.toml", manifest(name, edition))
    update(
        FOLDER / "Cargo.toml",
        f"[workspace]\nresolver = \"3\"\nmembers = {json.dumps(members)}\n\n"
        "[profile.dev]\ndebug = false\nincremental = false\n",
    )
    if not (FOLDER / "Cargo.lock").is_file():
        # The versions that the project is built with.
        shutil.copy(PROJECT / "Cargo.lock", FOLDER / "Cargo.lock")


def package(name, edition):
    return f"{name}-e{edition}"


def manifest(name, edition):
    return (
        f"[package]\nname = \"{package(name, edition)}\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\n"
        "publish = false\n\n"
        f"[lib]\npath = {quoted(FOLDER / 'src' / f'{name}.rs')}\n\n"
        f"[dependencies]\nsinew = {{ path = {quoted(PROJECT / 'framework')} }}\n"
    )


def quoted(path):
    """A string of TOML and of Rust alike."""
    return json.dumps(str(path), ensure_ascii=False)


def update(path, text):
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def cargo(name, verb, crates, edition, environment, progress):
    """Runs cargo over all crates of an edition; all of them, whatever is wrong with one."""
    packages = [package(crate, edition) for crate in crates]
    command = ["cargo", verb, "--keep-going", "--message-format=json", "--target-dir", str(TARGET)]
    command += ["--no-deps"] if verb == "doc" else []
    command += [argument for one in packages for argument in ("--package", one)]
    with progress.counting(name, len(packages), FOLDER / "stdout", '"reason":"compiler-artifact"', packages):
        ended, said, complaint, measured = measure(command, FOLDER, CARGO_LIMIT, environment)
    found = {}
    for line in said.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") != "compiler-message" or message["message"]["level"] not in ("error", "warning"):
            continue
        found.setdefault(message["target"]["name"], []).append(message["message"]["rendered"])
    failures = [failure(crates, target, messages) for target, messages in sorted(found.items())]
    if ended and not failures:
        failures.append(f"cargo {verb} {ended}\n{complaint[-SHOWN:].rstrip()}")
    return Step(name, measured, failures)


def failure(crates, target, messages):
    """What cargo says about one crate; a summary of it says nothing."""
    messages = [text for text in messages if "aborting due to" not in text] or messages
    crate = target.replace("_", "-").rpartition("-e")[0]
    sets = ", ".join(dict.fromkeys(piece.set for piece in crates.get(crate, [])))
    shown = "\n".join(text[:SHOWN].rstrip() for text in messages[:SHOWN_MESSAGES])
    more = f"\n… and {len(messages) - SHOWN_MESSAGES} more" if len(messages) > SHOWN_MESSAGES else ""
    return f"{target} ({sets}): {len(messages)} messages\n{shown}{more}"


def doctests(crates, progress):
    """Lists the tests in the comments of each crate: there is none. That the list would show one is shown by a crate
    that has one."""
    control = FOLDER / "src" / "control.rs"
    update(control, "//! ```\n//! assert!(true);\n//! ```\n")
    failures = []
    listed, measured = listed_tests(control, "control")
    if listed != "1 test, 0 benchmarks":
        failures.append(f"rustdoc does not list the test of {control.name}: {listed}")
    with progress.bar("doctests", len(crates)) as step:
        for name in crates:
            listed, one = listed_tests(FOLDER / "src" / f"{name}.rs", name.replace("-", "_"))
            measured = dataclasses.replace(
                one, wall=measured.wall + one.wall, cpu=measured.cpu + one.cpu, peak=max(measured.peak, one.peak)
            )
            if listed != "0 tests, 0 benchmarks":
                failures.append(f"{name}: {listed}")
            step()
    return Step("doctests", measured, failures)


def listed_tests(source, name):
    """Gives rustdoc's last line about the tests of a source. It is asked itself: `cargo test --doc` would first build
    the crate down to machine code."""
    deps = TARGET / "debug" / "deps"
    sinew = max(deps.glob("libsinew-*.rmeta"), key=lambda path: path.stat().st_mtime, default=None)
    if sinew is None:
        return f"there is no libsinew in {deps}", None
    command = ["rustdoc", "--test", "--edition=2021", f"--crate-name={name}", str(source)]
    command += [f"-Ldependency={deps}", f"--extern=sinew={sinew}", "--test-args=--list"]
    ended, said, complaint, measured = measure(command, FOLDER, RUSTDOC_LIMIT)
    if ended:
        return f"rustdoc {ended}\n{(said + complaint)[-SHOWN:].rstrip()}", measured
    lines = said.split("\n")
    return next((line for line in reversed(lines) if "benchmark" in line), "nothing"), measured
