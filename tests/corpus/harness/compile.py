"""Compiles sets to Rust, each in a process of its own, and judges what was refused.

Measures the process as the system does: its time, and the most memory that it
held. Knows nothing of the code that comes out.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

from fetch import CORPUS

WORK = CORPUS / ".work"
PROGRAM = CORPUS / "target" / "release" / "corpus-compile"

# Seconds for one set: a compiler that hangs is a failure, not a wait.
SET_LIMIT = 600.0
BUILD_LIMIT = 1800.0
# Bytes in which the system tells the resident size.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
# Characters of what a process said that are shown.
SHOWN = 2000


class BuildFailed(Exception):
    """Our own program does not build."""


@contextlib.contextmanager
def alone():
    """Two runs at once would write into the same folders: the second waits."""
    WORK.mkdir(exist_ok=True)
    with open(WORK / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclasses.dataclass
class Measured:
    """What a process cost. `peak` is the largest resident size, in bytes, of it or a process that it waited for."""

    wall: float
    cpu: float
    peak: int


@dataclasses.dataclass
class Compiled:
    """What became of a set."""

    set: object
    measured: Measured
    units: list
    rejected: list
    apart: list
    runs: int
    failures: list

    def accepted(self):
        return sum(len(unit["files"]) for unit in self.units)

    def outside(self):
        """Files that are accepted, but not together with most."""
        return sum(len(unit["files"]) for unit in self.units[1:])

    def count(self, what):
        return sum(unit["counts"][what] for unit in self.units)


def build():
    """Builds the program, in release: it is measured."""
    command = ["cargo", "build", "--release", "--quiet", "--locked", "--package", "corpus-compile"]
    done = subprocess.run(
        command,
        cwd=CORPUS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=BUILD_LIMIT,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(f"`{' '.join(command)}` fails\n{done.stderr.rstrip()}")


def run(one, folder=None):
    """Compiles the set, and gives what became of it; its code is in `.work`, or in `folder`."""
    folder = folder or WORK / "code" / slug(one.name)
    folder.mkdir(parents=True, exist_ok=True)
    request = folder / "request.json"
    roots = [str(root) for root in one.roots]
    request.write_text(json.dumps({"roots": roots, "files": one.files, "out": str(folder)}), encoding="utf-8")
    ended, said, complaint, measured = measure([str(PROGRAM), str(request)], folder, SET_LIMIT)
    if ended:
        return Compiled(one, measured, [], [], [], 0, [f"the compiler {ended}\n{complaint[-SHOWN:].rstrip()}".rstrip()])
    answer = json.loads(said)
    units, rejected = answer["units"], answer["rejected"]
    failures = judge(one, units, rejected)
    return Compiled(one, measured, units, rejected, answer["apart"], answer["runs"], failures)


def judge(one, units, rejected):
    """Gives what is not as it should be: refused although nothing says so, not refused although something does, or too
    few files."""
    failures = []
    happened = set()
    for refusal in rejected:
        place = f"{refusal['at']}:{refusal['line']}: {refusal['code']} {refusal['message']}"
        # Who imports a refused file is refused for the same reason.
        expected = next(
            (
                rule
                for rule in one.rejections
                for file in dict.fromkeys((refusal["at"], refusal["file"]))
                if rule.fits(file, refusal["message"], one.text(file))
            ),
            None,
        )
        if expected is None:
            failures.append(f"{refusal['file']} is refused: {place}")
        elif expected.code != refusal["code"]:
            failures.append(f"{refusal['file']} should be refused with {expected.code}: {place}")
        else:
            happened.add(expected)
    accepted = [file for unit in units for file in unit["files"]]
    for rule in one.rejections:
        if rule not in happened:
            failures.append(f"nothing is refused by `{rule.files} {rule.code}`, which rejected.txt expects")
        by_name = not rule.files.startswith("import:")
        for file in (file for file in accepted if by_name and rule.fits(file, "", one.text(file))):
            failures.append(f"{file} should be refused with {rule.code}: {rule.reason}")
    if len(accepted) < one.least:
        failures.append(f"{len(accepted)} files are accepted, and {one.least} should be at least")
    if len(accepted) + len(rejected) != len(one.files):
        failures.append(f"of {len(one.files)} files, {len(accepted)} are accepted and {len(rejected)} refused")
    return failures


def measure(command, folder, limit, environment=None):
    """Runs a process to its end: gives how it failed, or "", what it said on both ways, and what it cost."""
    out, err = folder / "stdout", folder / "stderr"
    with open(out, "wb") as stdout, open(err, "wb") as stderr:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            # What it starts ends with it.
            start_new_session=True,
        )
        late = threading.Event()

        def end():
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, end)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            os.wait4(process.pid, 0)
            raise
        finally:
            timer.cancel()
            # It is waited for already.
            process.returncode = 0
        wall = time.monotonic() - began
    measured = Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT)
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (out, err)]
    if late.is_set():
        return f"took over {limit:.0f} s", *texts, measured
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return "", *texts, measured
    how = f"ended with exit code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
    return how, *texts, measured


def slug(name):
    """A name as one folder, that of no other name."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name).strip("-")
    if plain == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")
