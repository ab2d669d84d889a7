"""Runs the interop cases in the asked pairings and prints the table of results.

Knows the cases and how they are counted; how a peer is set up or started is
the business of `peers.py` and `processes.py`.
"""

import argparse
import signal
import sys
import time

import peers
import processes

CASES = (
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "custom_metadata",
    "client_compressed_unary",
    "server_compressed_unary",
    "client_compressed_streaming",
    "server_compressed_streaming",
    "declared_error",
    "exported_service",
    "health",
    "reflection",
    "gzip",
    "load_report",
    "h2spec",
)
# What they cannot run: programs that are not ours lack the cases of ours, our client asks for no descriptors, and
# grpcio's server finds no method. Of the compressed cases of gRPC neither grpc-go nor grpcio has any: handlers and
# callers there are not told what came compressed; `gozip` is a program of ours on grpc-go for two cases of ours.
COMPRESSED = {case for case in CASES if "_compressed_" in case}
OURS = {
    "declared_error",
    "exported_service",
    "health",
    "reflection",
    "gzip",
    "load_report",
    "h2spec",
}
CLIENT_LACKS = {
    "go": OURS | COMPRESSED,
    "gozip": set(CASES) - {"gzip", "load_report"},
    "grpcurl": set(CASES) - {"health", "reflection"},
    "h2spec": set(CASES) - {"h2spec"},
    "ours": {"reflection", "load_report", "h2spec"},
    "python": COMPRESSED | {"load_report", "h2spec"},
}
SERVER_LACKS = {
    "go": OURS | COMPRESSED,
    "gozip": set(CASES) - {"gzip"},
    "python": COMPRESSED | {"reflection"},
}
# Cases that need servers of their own, with these arguments: the client is told of the first, and of another.
SERVERS = {"load_report": (("--utilization=0.9",), ("--utilization=0.1",))}
CLIENTS_ALONE = ["grpcurl-ours", "h2spec-ours"]
IMPLEMENTATIONS = ("ours", "go", "python", "gozip")
PAIRINGS = (
    "ours-go",
    "go-ours",
    "ours-python",
    "python-ours",
    "grpcurl-ours",
    "h2spec-ours",
    "ours-gozip",
    "gozip-ours",
    "ours-ours",
)

# Seconds that one case may take, and that all of them may take together.
CASE_LIMIT = 20.0
TOTAL_LIMIT = 110.0


def main():
    # A signal unwinds like any other end, so that every process is stopped.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    options = parse_arguments()
    pairings = [tuple(name.split("-")) for name in options.pairing or PAIRINGS]
    cases = options.case or CASES
    wanted = {name for pairing in pairings for name in pairing}
    try:
        commands = peers.set_up(wanted)
    except peers.SetUpFailed as error:
        sys.exit(f"interop: {error}")
    with processes.Servers(commands) as servers:
        results, unstopped = run_all(pairings, cases, commands, servers)
    report(pairings, cases, results, unstopped)


def parse_arguments():
    arguments = argparse.ArgumentParser(
        prog="tests/interop/run",
        description="Runs gRPC's interop cases between Sinew, grpc-go, Python's grpcio and grpcurl, and h2spec.",
    )
    arguments.add_argument(
        "--pairing",
        action="append",
        choices=[f"{a}-{b}" for a in IMPLEMENTATIONS for b in IMPLEMENTATIONS] + CLIENTS_ALONE,
        metavar="CLIENT-SERVER",
        help=f"each of {', '.join(IMPLEMENTATIONS)}, or {' or '.join(CLIENTS_ALONE)}; may be given several times"
        f" (without it: {' '.join(PAIRINGS)})",
    )
    arguments.add_argument(
        "--case",
        action="append",
        choices=CASES,
        metavar="CASE",
        help="may be given several times (without it: every case)",
    )
    return arguments.parse_args()


def run_all(pairings, cases, commands, servers):
    """Gives the failure of each (pairing, case), None where it passed."""
    end = time.monotonic() + TOTAL_LIMIT
    results = {}
    for pairing in pairings:
        client, server = pairing
        lacks = CLIENT_LACKS.get(client, set()) | SERVER_LACKS.get(server, set())
        for case in cases:
            if case in lacks:
                continue
            limit = min(CASE_LIMIT, end - time.monotonic())
            if limit <= 0:
                results[pairing, case] = f"not run: the whole took over {TOTAL_LIMIT:.0f} s"
                continue
            results[pairing, case] = processes.run_case(
                commands[client], servers, server, case, limit, SERVERS.get(case, ((),))
            )
    # A call that was cancelled or timed out and yet lives on would hold this up.
    unstopped = servers.stop("ours")
    return results, unstopped


def verdict(results, pairing, case):
    if (pairing, case) not in results:
        return "–"
    return "FAIL" if results[pairing, case] else "pass"


def report(pairings, cases, results, unstopped):
    titles = [f"{client}→{server}" for client, server in pairings]
    widths = [max(len(title), len("pass")) for title in titles]
    first = max(len(case) for case in (*cases, "client→server"))
    rows = [("client→server", titles)] + [
        (case, [verdict(results, pairing, case) for pairing in pairings])
        for case in cases
    ]
    for name, cells in rows:
        cells = [cell.ljust(width) for cell, width in zip(cells, widths)]
        print("  ".join([name.ljust(first), *cells]).rstrip())

    failures = [
        (f"{client}→{server} {case}", failure)
        for ((client, server), case), failure in results.items()
        if failure
    ]
    passed = len(results) - len(failures)
    if unstopped is not None:
        passed += not unstopped
        print(f"our server stops after the last call: {'FAIL' if unstopped else 'pass'}")
        if unstopped:
            failures.append(("our server stops after the last call", unstopped))
    for name, failure in failures:
        print(f"\n{name}:")
        print("\n".join(f"    {line}" for line in failure.splitlines()))
    print(f"\n{passed} passed, {len(failures)} failed", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
