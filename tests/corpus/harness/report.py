"""What a run tells: a table for people, lines of JSON for programs, a progress bar on a terminal.

The names of the fields in JSON are read by scripts: they are added to, not
changed. Judges nothing.
"""

import contextlib
import json
import sys
import threading

MIB = 1 << 20
# Seconds between two looks at what a process has said, for the bar.
LOOK = 0.5
BAR_WIDTH = 24

COLUMNS = ("set", "files", "refused", "apart", "messages", "services", "rpcs", "CPU s", "wall s", "peak MiB", "runs")


class Progress:
    """One line that is rewritten, on a terminal's standard error; nothing elsewhere."""

    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._shown = stream.isatty()

    def show(self, name, done, total):
        if self._shown:
            filled = BAR_WIDTH * done // max(total, 1)
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            self._stream.write(f"\r\x1b[K{name} [{bar}] {done}/{total}")
            self._stream.flush()

    def clear(self):
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    @contextlib.contextmanager
    def bar(self, name, total):
        """Gives a function that is called when one of `total` is done."""
        done = 0

        def step():
            nonlocal done
            done += 1
            self.show(name, done, total)

        self.show(name, 0, total)
        try:
            yield step
        finally:
            self.clear()

    @contextlib.contextmanager
    def counting(self, name, total, path, mark, packages):
        """Counts the lines of a growing file that have the mark and are about one of the packages."""
        if not self._shown:
            yield
            return
        wanted = [f'"name":"{package.replace("-", "_")}"' for package in packages]
        ended = threading.Event()

        def look():
            while not ended.wait(LOOK):
                text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
                lines = (line for line in text.splitlines() if mark in line)
                self.show(name, sum(any(one in line for one in wanted) for line in lines), total)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self.clear()


def row(compiled):
    measured = compiled.measured
    return (
        compiled.set.name,
        compiled.accepted(),
        len(compiled.rejected),
        compiled.outside(),
        compiled.count("messages"),
        compiled.count("services"),
        compiled.count("rpcs"),
        f"{measured.cpu:.1f}",
        f"{measured.wall:.1f}",
        mib(measured.peak),
        compiled.runs,
    )


def total(all_compiled):
    return (
        "total",
        *(sum(row(one)[column] for one in all_compiled) for column in range(1, 7)),
        f"{sum(one.measured.cpu for one in all_compiled):.1f}",
        f"{sum(one.measured.wall for one in all_compiled):.1f}",
        max((mib(one.measured.peak) for one in all_compiled), default=0),
        sum(one.runs for one in all_compiled),
    )


def mib(size):
    return round(size / MIB)


def table(rows):
    """Gives the lines of a table: the first column to the left, numbers to the right."""
    rows = [tuple(str(cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:])]
        lines.append("  ".join([first.ljust(widths[0]), *aligned]).rstrip())
    return lines


def compiled_object(compiled):
    return {
        "kind": "set",
        "set": compiled.set.name,
        "files": compiled.accepted(),
        "messages": compiled.count("messages"),
        "services": compiled.count("services"),
        "rpcs": compiled.count("rpcs"),
        "cpu_seconds": round(compiled.measured.cpu, 3),
        "wall_seconds": round(compiled.measured.wall, 3),
        "peak_bytes": compiled.measured.peak,
        "runs": compiled.runs,
        "refused": compiled.rejected,
        "apart": compiled.apart,
        "failures": compiled.failures,
    }


def step_object(step, files):
    return {
        "kind": "check",
        "check": step.name,
        "files": files,
        "cpu_seconds": round(step.measured.cpu, 3),
        "wall_seconds": round(step.measured.wall, 3),
        "peak_bytes": step.measured.peak,
        "failures": step.failures,
    }


def print_object(value):
    print(json.dumps(value, ensure_ascii=False), flush=True)


def indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines())
