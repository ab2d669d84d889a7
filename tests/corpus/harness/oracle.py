"""Sets protoc up, as the Python package grpcio-tools brings it, and asks it about inputs.

Knows how the process that holds protoc is kept alive; what protoc says is
judged in `agreement.py`.
"""

import json
import pathlib
import subprocess
import sys
import venv

# Its protoc is current: 35.1. Whoever raises it reads the differences again.
GRPCIO_TOOLS = "grpcio-tools==1.85.1"

HERE = pathlib.Path(__file__).resolve().parent
VENV = HERE.parent / ".venv"


class SetUpFailed(Exception):
    """Something is missing; says what, and how to get it."""


def set_up():
    """Gives the Python of an environment that has protoc; makes it if it is not there."""
    python = VENV / "bin" / "python"
    mark = VENV / "has-protoc"
    if mark.is_file() and mark.read_text() == GRPCIO_TOOLS and python.exists():
        return python
    if sys.version_info < (3, 10):
        raise SetUpFailed("`python3` is older than 3.10: https://www.python.org/downloads")
    if not python.exists():
        try:
            venv.create(VENV, with_pip=True)
        except Exception as error:  # `ensurepip` may be missing, or fail in its own ways.
            raise SetUpFailed(
                f"no environment could be made in {VENV} ({error}).\n"
                "  Install `python3-venv`, or the package of that name of your system"
            ) from error
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*install, GRPCIO_TOOLS], capture_output=True, text=True)
    if done.returncode != 0:
        raise SetUpFailed(f"`{GRPCIO_TOOLS}` could not be installed:\n{done.stderr.strip()}")
    mark.write_text(GRPCIO_TOOLS)
    return python


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
    return Lines([str(set_up()), str(HERE / "oracle_worker.py")])
