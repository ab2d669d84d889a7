"""Sets protoc up, as the Python package grpcio-tools brings it, and asks it about inputs.

Knows how the process that holds protoc is kept alive; what protoc says is
judged in `agreement.py`.
"""

import json
import pathlib
import subprocess

import environment

HERE = pathlib.Path(__file__).resolve().parent


class Lines:
    """A process that answers each line of JSON with one; started again when it dies."""

    def __init__(self, command):
        self._command = command
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop()

    def ask(self, request):
        """Gives the answer, or None if the process died of the question."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer:
            return json.loads(answer)
        self._stop()
        return None

    def _stop(self):
        if self._process is None:
            return
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.stdout.close()
        self._process.wait()
        self._process = None


def protoc():
    """A process that answers what protoc says of an input, and how its descriptor set differs from ours."""
    return Lines([str(environment.python()), str(HERE / "oracle_worker.py")])
