"""Runs h2spec against a server, and compares what fails with what is expected to.

Exits with 0 when exactly the cases of `expected.txt` fail or are skipped, else
with 1 and the difference on standard error. `H2SPEC` in the environment is the
program. What the cases are about is explained in `expected.txt`, not here.
"""

import argparse
import asyncio
import os
import pathlib
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
# Of the pinned version, strict ones included: a run that tries fewer has not run.
CASES = 146
# Seconds that h2spec waits for an answer, and that all of it may take.
ANSWER = "1"
PATIENCE = 18.0
# Seconds without a byte after which what has come is passed on.
QUIET = 0.015
# Bytes that are read at once.
PIECE = 64 * 1024


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--server_host", required=True)
    arguments.add_argument("--server_port", type=int, required=True)
    arguments.add_argument("--test_case", choices=("h2spec",), required=True)
    options = arguments.parse_args()
    found, tried = asyncio.run(run(options.server_host, options.server_port))
    wrong = [] if tried == CASES else [f"{tried} cases were tried, not {CASES}"]
    expected = read_expected((HERE / "expected.txt").read_text(encoding="utf-8"))
    for case in sorted(found.keys() | expected.keys()):
        before, now = expected.get(case, "passed"), found.get(case, "passed")
        if before != now:
            wrong.append(f"{case}\n  is {now}, and is expected to be {before}")
    if wrong:
        sys.exit("\n".join([*wrong, "see tests/interop/peers/h2spec/expected.txt"]))


async def run(host, port):
    """Gives "failed" or "skipped" by case, and how many were tried."""

    async def gather(reader, writer):
        upstream = await asyncio.open_connection(host, port)
        await asyncio.gather(
            forward(reader, upstream[1], QUIET), forward(upstream[0], writer, None)
        )

    between = await asyncio.start_server(gather, "127.0.0.1", 0)
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        address = between.sockets[0].getsockname()
        h2spec = await asyncio.create_subprocess_exec(
            os.environ["H2SPEC"],
            *("--strict", "--timeout", ANSWER, "--junit-report", str(report)),
            *("--host", address[0], "--port", str(address[1])),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(h2spec.wait(), PATIENCE)
        except asyncio.TimeoutError:
            h2spec.kill()
            await h2spec.wait()
            sys.exit(f"h2spec took over {PATIENCE:.0f} s")
        finally:
            between.close()
        return read_report(xml.etree.ElementTree.parse(report))


async def forward(reader, writer, quiet):
    """Passes bytes on until one end closes; those that come one right after the other in one piece.

    Several cases send frames that only together are an error. Whether the server
    has answered the first before it reads the second must not be chance.
    """
    try:
        while piece := await reader.read(PIECE):
            while quiet:
                try:
                    more = await asyncio.wait_for(reader.read(PIECE), quiet)
                except asyncio.TimeoutError:
                    break
                if not more:
                    break
                piece += more
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        # h2spec sees it as an end, which it is.
        pass
    finally:
        writer.close()


def read_report(report):
    found, tried = {}, 0
    for case in report.iter("testcase"):
        tried += 1
        name = f"{case.get('package')}: {case.get('classname')}"
        if case.find("skipped") is not None:
            found[name] = "skipped"
        elif len(case):
            found[name] = "failed"
    return found, tried


def read_expected(text):
    """A case is a line; why it is no harm stands indented below it."""
    expected, explained, case = {}, set(), None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            explained.add(case)
            continue
        verdict, case = line.split(" ", 1)
        if verdict not in ("failed", "skipped") or case in expected:
            sys.exit(f"expected.txt: {line}")
        expected[case] = verdict
    if missing := expected.keys() - explained:
        sys.exit(f"expected.txt: no reason for {sorted(missing)}")
    return expected


if __name__ == "__main__":
    main()
