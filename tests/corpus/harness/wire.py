"""Wire agreement: messages that Python encodes, by protoc's descriptors, are decoded and encoded by generated Rust, and
have to come back equal.

Sets up what that needs (an environment with protobuf, descriptor sets, our
program built for the sets) and has `wire_check.py` compare. By itself:
`tests/corpus/run wire --help`.
"""

import argparse
import collections
import dataclasses
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import environment
import fetch
import sets as public

CORPUS = pathlib.Path(__file__).resolve().parent.parent
HERE = CORPUS / "harness"
WORK = CORPUS / ".work" / "wire"
GOOD = CORPUS.parent / "idl" / "good"
EVERY_KIND = "47_every_kind"
# What can be imported without being anywhere.
BUILT_IN = CORPUS.parent.parent / "idl" / "proto" / "builtin"

# Sets whose types are sent besides those of the fixtures: services with many kinds of fields, and proto2 at length.
# Those of the bounded form first.
QUICK_SETS = ("googleapis", "kubernetes", "opentelemetry", "onnx")
SETS = (*QUICK_SETS, "protobuf-go", "envoy", "temporal", "gogo", "pulsar", "kvproto")
# Files of one set, at most; those that they import come on top.
QUICK_FILES = 24
FILES = 150
# Files of the sets that are built into one program.
BATCH_FILES = 120
# Messages of each type.
QUICK_MESSAGES = 5
MESSAGES = 40
# Seconds for one step of the set-up, downloads and builds included.
STEP_LIMIT = 3600.0

EDITION = re.compile(r"^\s*edition\s*=", re.MULTILINE)
IMPORT = re.compile(r"^\s*import\s+(?:public\s+|weak\s+)?[\"']([^\"']+)[\"']", re.MULTILINE)
REFUSED = re.compile(r"^([^:\n]+\.proto):\d+:\d+: (?!warning)", re.MULTILINE)


class WireFailed(Exception):
    """What could not be set up, why, and what to do."""


@dataclasses.dataclass
class Options:
    seed: str = "1"
    messages: int = MESSAGES
    files: int = FILES
    type: str | None = None
    message: int | None = None
    # What else a command has to be given to get the same sets.
    form: str = ""


@dataclasses.dataclass
class Plain:
    """A set as `sets.py` has them, as far as this needs one."""

    name: str
    roots: list
    files: list
    other_types: bool = False


@dataclasses.dataclass
class Prepared:
    """A set that protoc has read: the name of its module, and its descriptors. `left_out` says of each file that is not
    sent why."""

    name: str
    set: object
    files: list
    descriptors: pathlib.Path
    left_out: dict


@dataclasses.dataclass
class Summary:
    """What was found. `counts` has how often each check was made, and how often a documented difference excused one."""

    seed: str
    form: str = ""
    sets: int = 0
    files: int = 0
    types: int = 0
    seconds: float = 0.0
    counts: dict = dataclasses.field(default_factory=collections.Counter)
    failures: list = dataclasses.field(default_factory=list)
    left_out: dict = dataclasses.field(default_factory=dict)

    def add(self, batch, found):
        self.sets += len(batch)
        self.files += sum(len(one.files) for one in batch)
        self.types += found["types"]
        self.seconds += found["seconds"]
        self.counts.update(found["counts"])
        self.failures += found["failures"]
        for one in batch:
            refused = found["left_out"].get(one.name, {})
            one.left_out.update((file, f"Python refuses it: {why}") for file, why in refused.items())


def run(sets, options=None):
    """Compares the types of these sets, and of the fixtures."""
    options = options or Options()
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = environment.python()
        prepared = [prepare(one, options.files, python) for one in [*fixtures(), *sets]]
        every_kind = next(one for one in prepared if EVERY_KIND in one.name)
        # The types of `google.protobuf` that nothing generates; the fixture uses all of them.
        known = Prepared("known", every_kind.set, [], every_kind.descriptors, {})
        summary = Summary(seed=options.seed, form=options.form)
        asked = [one for one in prepared if one.files and is_asked(one, options.type)]
        for number, batch in enumerate(batches(asked or [every_kind])):
            program = build(batch)
            leave_out(batch, program)
            found = compare([*batch, known] if number == 0 else batch, every_kind, program, python, options)
            summary.add(batch, found)
        summary.left_out = {one.set.name: one.left_out for one in prepared if one.left_out}
        if not summary.types:
            raise WireFailed(f"there is no type `{options.type}`")
        return summary


def is_asked(one, name):
    return name is None or name.startswith(f"{one.name}/")


def batches(prepared):
    """Gives the sets a few at a time: a program of all would take gigabytes to build."""
    batch, files = [], 0
    for one in prepared:
        if batch and files + len(one.files) > BATCH_FILES:
            yield batch
            batch, files = [], 0
        batch.append(one)
        files += len(one.files)
    if batch:
        yield batch


def fixtures():
    """The good fixtures of `tests/idl`; the one of every kind of field also with the other types that it can have."""
    for folder in sorted(GOOD.iterdir()):
        roots = [folder / line for line in lines(folder / "roots.txt")] or [folder]
        files = lines(folder / "files.txt") or sorted(
            path.relative_to(roots[0]).as_posix() for path in roots[0].rglob("*.proto")
        )
        yield Plain(f"good_{folder.name}", roots, files)
        if folder.name == EVERY_KIND:
            yield Plain(f"good_{folder.name}_other", roots, files, other_types=True)


def lines(path):
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def prepare(one, most, python):
    """Has protoc read the set, or as many files of it as are to be sent."""
    name = re.sub(r"\W", "_", one.name)
    left_out = {}
    files = [file for file in one.files if not has_edition(one, file, left_out)]
    for file in too_many(files, most):
        left_out[file] = "not in the sample"
    files = [file for file in files if file not in left_out]
    descriptors = WORK / f"{name}.binpb"
    while files:
        roots = [*one.roots, BUILT_IN]
        command = [python, "-m", "grpc_tools.protoc", *(f"-I{root}" for root in roots), "--include_imports"]
        done = execute([*command, f"--descriptor_set_out={descriptors}", *files])
        if done.returncode == 0:
            break
        # What protoc refuses, and what imports that; whether that is right is for the agreement with protoc to say.
        refused = {imported_as(path, roots) for path in REFUSED.findall(done.stdout)} & set(files)
        if not refused:
            raise WireFailed(f"protoc says of the set {one.name}:\n{done.stdout}")
        left_out.update((file, "protoc refuses it") for file in refused)
        files = [file for file in files if file not in refused]
    return Prepared(name, one, files, descriptors, left_out)


def imported_as(path, roots):
    """protoc names a file by its path or by its name."""
    for root in roots:
        path = path.removeprefix(f"{root}/")
    return path


def has_edition(one, file, left_out):
    """Does the file, or one that it imports, say an edition? The compiler refuses those."""
    seen, todo = set(), [file]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        path = next((path for path in (pathlib.Path(root) / name for root in one.roots) if path.is_file()), None)
        if path is None:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if EDITION.search(text):
            left_out[file] = "it needs an edition"
            return True
        todo += IMPORT.findall(text)
    return False


def too_many(files, most):
    """Gives the files that are too many: those that stay are spread over the whole, in the order of their names."""
    if len(files) <= most:
        return []
    kept = {files[index * len(files) // most] for index in range(most)}
    return [file for file in files if file not in kept]


def build(prepared):
    """Builds the program with the types of these sets, and gives its path."""
    listed = []
    for one in prepared:
        listed.append(f"set {one.name}")
        listed += [f"root {root}" for root in one.set.roots]
        listed += [f"file {file}" for file in one.files]
        if getattr(one.set, "other_types", False):
            listed.append("other-types")
    path = WORK / "sets.txt"
    text = "\n".join(listed) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    if shutil.which("cargo") is None:
        raise WireFailed("`cargo` is missing. Install it: https://rustup.rs")
    say(f"building the types of {len(prepared)} sets …")
    cargo = ["cargo", "build", "--release", "--package", "corpus-wire", "--message-format=json-render-diagnostics"]
    done = execute(cargo, cwd=CORPUS, variables={"CORPUS_WIRE_SETS": str(path)}, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise WireFailed(f"the program does not build:\n{done.stderr}")
    messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    programs = [one["executable"] for one in messages if one["reason"] == "compiler-artifact" and one["executable"]]
    return programs[-1]


def leave_out(prepared, program):
    """Files that our compiler refuses, alone or beside the others, have no types; whether that is right is for others
    to say."""
    sets = {one.name: one for one in prepared}
    for line in execute([program, "--left-out"]).stdout.splitlines():
        name, file, why = line.split("\t", 2)
        sets[name].files.remove(file)
        sets[name].left_out[file] = f"the compiler refuses it: {why}"


def compare(prepared, every_kind, program, python, options):
    """Runs the comparison, and gives what it found."""
    plan, result = WORK / "plan.json", WORK / "result.json"
    sets = [described(one) for one in prepared]
    whole = {"program": program, "every_kind": described(every_kind), "sets": sets}
    plan.write_text(json.dumps(whole), encoding="utf-8")
    result.unlink(missing_ok=True)
    command = [str(python), str(HERE / "wire_check.py"), str(plan), str(result)]
    command += [f"--seed={options.seed}", f"--messages={options.messages}"]
    command += [f"--type={options.type}"] if options.type else []
    command += [f"--message={options.message}"] if options.message is not None else []
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=STEP_LIMIT, check=False)
    if done.returncode != 0 or not result.is_file():
        raise WireFailed(f"the comparison ended with {done.returncode}")
    return json.loads(result.read_text(encoding="utf-8"))


def described(one):
    return {"name": one.name, "descriptors": str(one.descriptors), "files": one.files}


def execute(command, cwd=None, variables=None, stderr=subprocess.STDOUT):
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
        timeout=STEP_LIMIT,
        check=False,
    )


def say(text):
    print(f"wire: {text}", file=sys.stderr, flush=True)


def report(summary, shown=10):
    """Prints a summary, failures last."""
    of = f"{summary.sets} sets ({summary.files} files)"
    print(f"{summary.types} types of {of}, seed {summary.seed}, {summary.seconds:.1f} s")
    for check, count in sorted(summary.counts.items(), key=lambda item: (item[0].startswith("excused"), item[0])):
        print(f"{count:>9}  {check}")
    for name, left_out in summary.left_out.items():
        for why, count in collections.Counter(why.split(":")[0] for why in left_out.values()).items():
            print(f"{count:>9}  files of {name} left out: {why}")
    for failure in summary.failures[:shown]:
        print(f"\n{failure['type']}:")
        print("\n".join(f"    {line}" for line in failure["text"].splitlines()))
        if "replay" in failure:
            print(f"    again: tests/corpus/run wire {summary.form}{failure['replay']}")
    if len(summary.failures) > shown:
        print(f"\nand {len(summary.failures) - shown} more")
    passed = summary.types - len(summary.failures)
    print(f"\n{passed} passed, {len(summary.failures)} failed", flush=True)


def main():
    arguments = argparse.ArgumentParser(prog="tests/corpus/run wire", description=__doc__.split("\n\n")[0])
    arguments.add_argument("--quick", action="store_true", help="fewer sets, files and messages: what CI runs")
    arguments.add_argument("--only", action="append", metavar="SET", help="sets besides the fixtures; `none` for none")
    arguments.add_argument("--files", type=int, metavar="N", help="files of a set, at most")
    arguments.add_argument("--messages", type=int, metavar="N", help="messages of each type")
    arguments.add_argument("--seed", default="1", help="for other messages")
    arguments.add_argument("--type", metavar="SET/NAME", help="only this type")
    arguments.add_argument("--message", type=int, metavar="INDEX", help="only the message of this index")
    arguments.add_argument("--json", action="store_true", help="print the summary as an object")
    given = arguments.parse_args()
    options = Options(
        seed=given.seed,
        messages=given.messages or (QUICK_MESSAGES if given.quick else MESSAGES),
        files=given.files or (QUICK_FILES if given.quick else FILES),
        type=given.type,
        message=given.message,
        form=form(given),
    )
    try:
        summary = run(wanted(given), options)
    except (WireFailed, environment.SetUpFailed, public.BadArgument, fetch.FetchFailed) as error:
        sys.exit(f"wire: {error}")
    if given.json:
        print(json.dumps(dataclasses.asdict(summary)))
    else:
        report(summary)
    sys.exit(1 if summary.failures else 0)


def form(given):
    words = ["--quick"] if given.quick else []
    words += [f"--files {given.files}"] if given.files else []
    words += [f"--only {name}" for name in given.only or ()]
    return "".join(f"{word} " for word in words)


def wanted(given):
    names = given.only or (QUICK_SETS if given.quick else SETS)
    if names == ["none"]:
        return []
    return public.ready(list(names))


if __name__ == "__main__":
    main()
