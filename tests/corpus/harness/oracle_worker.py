"""Holds protoc in a process: reads inputs as lines of JSON, and answers what protoc says of each.

Runs in the environment that has protoc. Where protoc and our compiler both
accept, it compares their descriptor sets; it doesn't know what may differ.
"""

import json
import os
import pathlib
import re
import sys
import tempfile

import grpc_tools
from grpc_tools import _protoc_compiler

import descriptors

# What protoc imports without being told: the well-known types.
BUILT_IN = pathlib.Path(grpc_tools.__file__).parent / "_proto"

PLACED = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)$")
UNPLACED = re.compile(r"^(?P<file>[^:\n]+): (?P<message>.*)$")


def main():
    errors = tempfile.TemporaryFile()
    # What the interpreter itself has to say goes where it went.
    os.dup2(errors.fileno(), 2)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), errors)), flush=True)


def answer(request, errors):
    files = request["files"]
    code, found = run(request, files, errors)
    if code == 0 and request.get("ours"):
        compared = descriptors.compare(request["set"], request["ours"])
    else:
        compared = None
    if code != 0 and len(files) > 1 and not request.get("whole"):
        # protoc stops at the first file that is wrong.
        for file in files:
            _, more = run(request, [file], errors)
            found.extend(one for one in more if one not in found)
    return {
        "name": request["name"],
        "accepted": code == 0,
        "found": found,
        "compared": compared,
    }


def run(request, files, errors):
    """Gives protoc's exit code, and its errors."""
    errors.seek(0)
    errors.truncate()
    arguments = [
        "protoc",
        f"--proto_path={BUILT_IN}",
        *(f"--proto_path={root}" for root in request["roots"]),
        f"--descriptor_set_out={request['set']}",
        "--include_imports",
        "--include_source_info",
        "--retain_options",
        *files,
    ]
    code = _protoc_compiler.run_main([argument.encode() for argument in arguments])
    errors.seek(0)
    text = errors.read().decode("utf-8", "replace")
    # It names files by their paths, most of the time.
    for root in request["roots"]:
        text = text.replace(f"{root}/", "")
    return code, [one for line in text.splitlines() for one in error(line)]


def error(line):
    placed = PLACED.match(line)
    if placed:
        if placed["message"].startswith("warning:"):
            return
        yield {
            "file": placed["file"],
            "line": int(placed["line"]),
            "column": int(placed["column"]),
            "message": placed["message"],
        }
    elif not line.startswith("["):
        unplaced = UNPLACED.match(line)
        if unplaced and not unplaced["message"].startswith("warning:"):
            yield {
                "file": unplaced["file"],
                "line": 0,
                "column": 0,
                "message": unplaced["message"],
            }


if __name__ == "__main__":
    main()
