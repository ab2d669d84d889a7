"""Runs the corpus: fetches the sets, compiles them, type-checks a sample of what comes out, and prints what was found.

Knows the order of these and what is printed; how each is done is the business
of the modules beside it.
"""

import argparse
import signal
import sys

import check
import compile
import fetch
import report
import sample
import sets

# The bound that `README.md` names, for a set of the size of googleapis: 7,000 files and 12,000 rpcs.
BOUND_FILES = 7000
BOUND_SECONDS = 30
BOUND_MIB = 2048

# Left out of the bounded form, for they take long: the largest, and one whose files declare each other's names, of which
# `protocompile` has the like.
FULL_ONLY = ("googleapis", "protoreflect")


def main():
    # A signal unwinds like any other end, so that the running process is ended too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    options = parse_arguments()
    progress = report.Progress()
    try:
        wanted = chosen_sets(options)
        with compile.alone():
            compile.build()
            sys.exit(run(wanted, options, progress))
    except (sets.BadArgument, fetch.FetchFailed, compile.BuildFailed) as error:
        progress.clear()
        sys.exit(f"corpus: {error}")


def parse_arguments():
    arguments = argparse.ArgumentParser(
        prog="tests/corpus/run",
        description="Compiles public .proto files to Rust, and type-checks a sample of what comes out.",
    )
    arguments.add_argument(
        "folder",
        nargs="*",
        metavar="DIR",
        help="compile the .proto files below this folder, instead of the public sets; it is their include root, and"
        " further ones may follow it: DIR:ROOT:ROOT",
    )
    arguments.add_argument("--json", action="store_true", help="print an object a line, for programs")
    arguments.add_argument(
        "--quick", action="store_true", help="small sets, and a few files of the others: a few minutes, for CI"
    )
    arguments.add_argument(
        "--only", action="append", metavar="SET", help=f"may be given several times; one of {' '.join(sets.names())}"
    )
    arguments.add_argument("--no-check", action="store_true", help="compile, and type-check nothing")
    options = arguments.parse_args()
    if options.folder and options.only:
        arguments.error("--only chooses among the public sets, and DIR takes their place")
    return options


def chosen_sets(options):
    if options.folder:
        return [sets.of_argument(argument) for argument in options.folder]
    names = options.only
    if options.quick and not names:
        names = [name for name in sets.names() if name not in FULL_ONLY]
    return sets.ready(names)


def run(wanted, options, progress):
    """Gives the exit code."""
    done, pieces, steps = [], [], []
    bounds = sample.QUICK if options.quick else sample.Bounds()
    with progress.bar("sets", len(wanted)) as step:
        for one in wanted:
            compiled = compile.run(one)
            done.append(compiled)
            if options.json:
                report.print_object(report.compiled_object(compiled))
            step()
    if not options.json:
        print_compiled(done)
    if not options.no_check:
        pieces = list(sampled(done, bounds, progress))
    if pieces:
        _, steps = check.run(pieces, progress)
        print_checked(pieces, steps, options)
    failures = [(one.set.name, failure) for one in done for failure in one.failures]
    failures += [(step.name, failure) for step in steps for failure in step.failures]
    if options.json:
        report.print_object({"kind": "total", "sets": len(done), "failures": len(failures)})
    else:
        print_failures(failures)
        passed = sum(not one.failures for one in (*done, *steps))
        print(f"\n{passed} passed, {len(done) + len(steps) - passed} failed", flush=True)
    return 1 if failures else 0


def sampled(done, bounds, progress):
    """Gives the code to check: all of a small set, and of a large one some packages, compiled for it."""
    for compiled in done:
        accepted = [file for unit in compiled.units for file in unit["files"]]
        parts = sample.parts(accepted, compiled.set.text, bounds)
        if parts is None:
            yield from pieces_of(compiled)
            continue
        with progress.bar(f"sample of {compiled.set.name}", len(parts)) as step:
            for number, files in enumerate(parts):
                folder = compile.WORK / "sample" / compile.slug(compiled.set.name) / str(number)
                part = sets.Set(compiled.set.name, compiled.set.roots, files)
                again = compile.run(part, folder)
                # Each of them was accepted before, among others: alone it must be, too.
                compiled.failures.extend(again.failures)
                yield from pieces_of(again)
                step()


def pieces_of(compiled):
    for unit in compiled.units:
        yield check.Piece(compiled.set.name, unit["code"], len(unit["files"]), unit["counts"])


def print_compiled(done):
    print("\n".join(report.table([report.COLUMNS, *map(report.row, done), report.total(done)])))
    for one in done:
        if one.accepted() >= BOUND_FILES:
            print(
                f"{one.set.name}: {one.measured.wall:.1f} s of at most {BOUND_SECONDS},"
                f" {report.mib(one.measured.peak)} MiB of less than {BOUND_MIB}"
            )


def print_checked(pieces, steps, options):
    files = sum(piece.files for piece in pieces)
    if options.json:
        for step in steps:
            report.print_object(report.step_object(step, files))
        return
    counts = {what: sum(piece.counts[what] for piece in pieces) for what in ("messages", "services", "rpcs")}
    print(
        f"\nthe sample: {files} files of {len({piece.set for piece in pieces})} sets, {counts['messages']} messages,"
        f" {counts['services']} services, {counts['rpcs']} rpcs"
    )
    rows = [("check", "failed", "CPU s", "wall s", "peak MiB")]
    for step in steps:
        cost = step.measured
        rows.append((step.name, len(step.failures), f"{cost.cpu:.0f}", f"{cost.wall:.0f}", report.mib(cost.peak)))
    print("\n".join(report.table(rows)))


def print_failures(failures):
    for name, failure in failures:
        print(f"\n{name}:\n{report.indented(failure)}")


if __name__ == "__main__":
    main()
