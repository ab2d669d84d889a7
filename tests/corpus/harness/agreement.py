"""Asks our compiler and protoc about the same inputs, and prints where they do not agree.

Every difference is either in the table `agreement/differences.md`, with its
reason, or fails the run; so does a row of the table that nothing matches any
more. How protoc is asked is the business of `oracle.py`.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import environment
import fetch
import oracle
import sets as public

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent
PROJECT = CORPUS.parent.parent
WORK = CORPUS / ".work" / "agreement"
TABLE = CORPUS / "agreement" / "differences.md"
PROGRAM = CORPUS / "target" / "release" / "corpus-agreement"

# Inputs by seed: all of them, and those of the bounded run.
INPUTS = 10_000
QUICK_INPUTS = 600
# Differences that are shown in full; the others are counted.
SHOWN = 20

KINDS = ("we refuse", "protoc refuses", "another line", "another set")


@dataclasses.dataclass
class Input:
    """Files that are compiled together."""

    name: str
    roots: list
    files: list
    # What was made wrong with it, if anything is known of that.
    fault: str | None = None


@dataclasses.dataclass
class Difference:
    """Where the compilers do not agree."""

    kind: str
    name: str
    ours: str
    theirs: str


@dataclasses.dataclass
class Row:
    """A difference that is known, by patterns of what is said, and the reason."""

    kind: str
    where: re.Pattern
    ours: re.Pattern
    theirs: re.Pattern
    reason: str
    seen: int = 0

    def matches(self, difference):
        return (
            self.kind == difference.kind
            and self.where.search(difference.name)
            and self.ours.search(difference.ours)
            and self.theirs.search(difference.theirs)
        )


@dataclasses.dataclass
class Result:
    """What a run found."""

    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    places: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    unknown: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    # Whether rows that nothing matched fail the run: not in a bounded one.
    is_whole: bool = False
    seconds: float = 0.0

    def gone(self):
        return [row for row in self.rows if not row.seen] if self.is_whole else []

    def failures(self):
        return len(self.unknown) + len(self.gone())


def run(sets, options):
    """Compares the compilers over `sets` (names, roots, files), the fixtures and inputs by seed."""
    started = time.monotonic()
    build()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    result = Result(rows=read_table())
    only_seeds = options.seed is not None
    quick = options.quick
    with oracle.protoc() as protoc, oracle.Lines([str(PROGRAM), "judge"]) as ours:
        compilers = (ours, protoc)
        if not only_seeds:
            for one in fixtures():
                compare(one, compilers, result)
            for name, roots, files in sets:
                compare_set(Input(name, roots, files), compilers, result)
        count = options.count or (1 if only_seeds else QUICK_INPUTS if quick else INPUTS)
        inputs = generated(options.seed or 0, count)
        for done, one in enumerate(inputs):
            progress(done, count)
            compare(one, compilers, result)
        progress(None, count)
    result.is_whole = not (only_seeds or quick or options.count or options.folders)
    result.seconds = time.monotonic() - started
    return result


def build():
    if not shutil.which("cargo"):
        raise environment.SetUpFailed("`cargo` is missing: https://rustup.rs")
    command = ["cargo", "build", "--quiet", "--release", "--package", "corpus-agreement"]
    if subprocess.run(command, cwd=CORPUS).returncode != 0:
        raise environment.SetUpFailed("`corpus-agreement` does not build")


def fixtures():
    """The fixtures of the compiler's own tests."""
    for kind in ("good", "bad"):
        for folder in sorted((PROJECT / "tests" / "idl" / kind).iterdir()):
            roots, files = [str(folder)], None
            if (folder / "roots.txt").exists():
                roots = [str(folder / root) for root in (folder / "roots.txt").read_text().split()]
            if (folder / "files.txt").exists():
                files = (folder / "files.txt").read_text().split()
            files = files or [str(file.relative_to(folder)) for file in sorted(folder.rglob("*.proto"))]
            # Those that are about paths themselves are not for protoc.
            if all("/" != file[0] and any((pathlib.Path(root) / file).is_file() for root in roots) for file in files):
                # What our compiler has built in, and protoc has not.
                roots.append(str(PROJECT / "idl" / "proto" / "builtin"))
                yield Input(f"{kind}/{folder.name}", roots, files)


def generated(seed, count):
    """Inputs by seed, written as they are asked for."""
    step = 500
    while count > 0:
        command = [str(PROGRAM), "generate", "--seed", str(seed), "--count", str(min(step, count))]
        lines = subprocess.run(
            [*command, "--to", str(WORK / "inputs")], check=True, capture_output=True, text=True
        ).stdout
        for line in lines.splitlines():
            one = json.loads(line)
            folder = one["folder"]
            yield Input(f"seed {one['seed']}", [folder], one["files"], one["fault"] or "")
            shutil.rmtree(folder)
        seed, count = seed + step, count - step


def compare_set(one, compilers, result):
    """A large set: as a whole, without the files that either refuses; those, and what imports them, one by one."""
    imported = {file: imports(one.roots, file) for file in one.files}
    apart, rest = set(), list(one.files)
    while rest:
        refused = refused_in(one, rest, compilers, result)
        if refused is None:
            break
        apart |= refused
        while True:
            more = {file for file in rest if imported[file] & apart} - apart
            if not more:
                break
            apart |= more
        left = [file for file in rest if file not in apart]
        if len(left) == len(rest):
            # Nobody is to blame by name, as when a compiler dies: each is asked about by itself.
            apart |= set(rest)
            break
        rest = left
    for file in sorted(apart & set(one.files)):
        compare(Input(f"{one.name} {file}", one.roots, [file]), compilers, result)


def refused_in(one, files, compilers, result):
    """The files that either compiler refuses, in what it says first. If both accept, compares the descriptor sets, and
    gives None."""
    request = {"name": one.name, "roots": one.roots, "files": files, "set": str(WORK / "ours.bin")}
    ours = compilers[0].ask(request)
    if not ours:
        return set()
    if not ours["accepted"]:
        return {found["file"] for found in ours["found"]}
    request.update(set=str(WORK / "protoc.bin"), ours=str(WORK / "ours.bin"), whole=True)
    theirs = compilers[1].ask(request)
    if not theirs:
        return set()
    if not theirs["accepted"]:
        # Also says which imports are wrong because of what is wrong in them.
        return {found["file"] for found in theirs["found"]}
    whole = Input(one.name, one.roots, files)
    result.counts["inputs"] += 1
    result.counts["files in sets that both accept"] += len(files)
    note(whole, differences(whole, ours, theirs, result), result)
    return None


IMPORT = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"', re.MULTILINE)


def imports(roots, file):
    for root in roots:
        path = pathlib.Path(root) / file
        if path.is_file():
            return set(IMPORT.findall(path.read_text("utf-8", "replace")))
    return set()


def compare(one, compilers, result):
    """Asks both about one input, and notes where they do not agree."""
    request = {
        "name": one.name,
        "roots": one.roots,
        "files": one.files,
        "set": str(WORK / "ours.bin"),
    }
    ours = compilers[0].ask(request)
    request.update(set=str(WORK / "protoc.bin"))
    if ours and ours["accepted"]:
        request["ours"] = str(WORK / "ours.bin")
    theirs = compilers[1].ask(request)
    result.counts["inputs"] += 1
    note(one, differences(one, ours, theirs, result), result)


def note(one, found, result):
    for difference in found:
        row = next((row for row in result.rows if row.matches(difference)), None)
        if row:
            row.seen += 1
            result.counts["known differences"] += 1
        else:
            result.unknown.append((one, difference, text(one)))


def differences(one, ours, theirs, result):
    if ours is None or ours.get("panicked"):
        yield Difference("we refuse", one.name, "it panics", "")
        return
    if theirs is None:
        yield Difference("protoc refuses", one.name, "", "it dies")
        return
    if ours["accepted"] and theirs["accepted"]:
        result.counts["accepted by both"] += 1
        compared = theirs["compared"]
        result.places.update(compared["places"])
        for what in compared["differences"]:
            yield Difference("another set", one.name, what, what)
    elif ours["accepted"]:
        first = theirs["found"][0] if theirs["found"] else {"line": 0, "message": "nothing"}
        yield Difference("protoc refuses", one.name, "", spoken(first))
    elif theirs["accepted"]:
        yield Difference("we refuse", one.name, spoken(ours["found"][0]), "")
    else:
        result.counts["refused by both"] += 1
        yield from other_lines(one, ours["found"], theirs["found"], result)


def other_lines(one, ours, theirs, result):
    """Both refuse: for a reason that is at the same line?

    protoc goes on to say more where we stop, and the reverse: it is enough that
    the first line of one, in some file, is among the lines of the other.
    """
    agrees, is_same = False, True
    sides = [collections.defaultdict(set), collections.defaultdict(set)]
    for side, found in zip(sides, (ours, theirs)):
        for one_found in found:
            side[one_found["file"]].add(one_found["line"])
    for file in sides[0].keys() | sides[1].keys():
        mine, yours = sides[0].get(file), sides[1].get(file)
        is_same = is_same and bool(mine and yours) and min(mine) == min(yours)
        agrees = agrees or bool(mine and yours) and (min(mine) in yours or min(yours) in mine)
    result.counts["the same first line in every file"] += is_same
    result.counts["a line that both name"] += agrees
    if not agrees:
        first = [min(found, key=lambda one: (one["file"], one["line"])) for found in (ours, theirs)]
        yield Difference("another line", one.name, spoken(first[0]), spoken(first[1]))


def spoken(found):
    return f"{found.get('code', '')} {found['message']} ({found['file']}:{found['line']})".strip()


def text(one):
    """The texts of an input by seed, for whoever reads the report."""
    if not one.name.startswith("seed"):
        return ""
    texts = []
    for file in one.files:
        lines = (pathlib.Path(one.roots[0]) / file).read_bytes().decode().split("\n")
        numbered = (f"{number:4} {line}" for number, line in enumerate(lines, 1))
        texts.append("\n".join([f"---- {file}", *numbered]))
    return "\n".join(texts)


def read_table():
    """The rows of the table of differences."""
    rows = []
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|") or cells[0] not in KINDS:
            continue
        if len(cells) != 5:
            sys.exit(f"agreement: a row of {TABLE.name} has {len(cells)} columns, not 5: {line}")
        kind, where, ours, theirs, reason = cells
        # In a table, a bar stands behind a backslash.
        patterns = [
            re.compile(cell.strip("`").replace("\\|", "|") if cell != "–" else "")
            for cell in (where, ours, theirs)
        ]
        rows.append(Row(kind, *patterns, reason))
    return rows


def progress(done, count):
    if not sys.stderr.isatty():
        return
    if done is None:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    elif done % 20 == 0:
        print(f"\r{done}/{count} inputs", end="", file=sys.stderr, flush=True)


def report(result, is_verbose):
    shown = collections.Counter()
    for one, difference, texts in result.unknown:
        shown[difference.kind] += 1
        if shown.total() > SHOWN and not is_verbose:
            continue
        print(f"\n{difference.kind}: {difference.name}{f' ({one.fault})' if one.fault else ''}")
        print(f"    ours:   {difference.ours or 'accepted'}")
        print(f"    protoc: {difference.theirs or 'accepted'}")
        if difference.kind == "another set":
            continue
        if texts and is_verbose:
            print("\n".join(f"    {line}" for line in texts.splitlines()))
    if shown.total() > SHOWN and not is_verbose:
        print(f"\n{shown.total() - SHOWN} more not shown")
    for row in result.gone():
        print(f"\nno longer true, so take it out of {TABLE.name}: {row.kind}: {row.reason}")
    print()
    for row in result.rows:
        if row.seen:
            print(f"{row.seen:6}  {row.kind}: {row.reason}")
    for counts in (result.counts, result.places):
        print()
        for name, count in counts.items():
            print(f"{count:8}  {name}")
    print(f"\n{result.seconds:.0f} s")
    passed = result.counts["inputs"] - len({difference.name for _, difference, _ in result.unknown})
    print(f"{passed} passed, {result.failures()} failed", flush=True)


def main():
    arguments = argparse.ArgumentParser(
        prog="tests/corpus/run agreement",
        description="Compares our compiler with protoc: fixtures, the public sets or the folders given, and inputs by seed.",
    )
    arguments.add_argument("--quick", action="store_true", help=f"no public sets, and {QUICK_INPUTS} inputs by seed instead of {INPUTS}")
    arguments.add_argument("--seed", type=int, metavar="N", help="only inputs by seed, from this one on")
    arguments.add_argument("--count", type=int, metavar="M", help="how many inputs by seed")
    arguments.add_argument("--verbose", action="store_true", help="all differences, with the inputs")
    arguments.add_argument("folders", nargs="*", metavar="DIR", help="folders whose files are compiled instead of the public sets: DIR, or DIR:ROOT:… with further include roots")
    options = arguments.parse_args()
    try:
        result = run([described(one) for one in wanted(options)], options)
    except (environment.SetUpFailed, public.BadArgument, fetch.FetchFailed) as error:
        print(f"agreement: {error}", file=sys.stderr)
        sys.exit(2)
    report(result, options.verbose or options.seed is not None)
    sys.exit(1 if result.failures() else 0)


def wanted(options):
    if options.folders:
        return [public.of_argument(folder) for folder in options.folders]
    if options.quick or options.seed is not None:
        return []
    return public.ready(None)


def described(one):
    # What is built in with us is in no root of a set that counts on that.
    built_in = str(PROJECT / "idl" / "proto" / "builtin")
    return one.name, [*map(str, one.roots), built_in], one.files


if __name__ == "__main__":
    main()
