"""The environment of Python packages that the peers need: protoc, as grpcio-tools brings it, and protobuf.

Makes it once, with the versions of `requirements.txt`; what is asked of it is
the business of others.
"""

import fcntl
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / ".venv"
REQUIREMENTS = HERE / "requirements.txt"


class SetUpFailed(Exception):
    """Something is missing; says what, and how to get it."""


def python():
    """Gives the Python of the environment, which is made if it is not there as it should be."""
    found = FOLDER / "bin" / "python"
    stamp = FOLDER / "complete"
    key = f"{sys.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    # Two runs may want it at once, and one of them makes it.
    with open(FOLDER.with_name(".venv.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == key):
            make(found)
            stamp.write_text(key, encoding="utf-8")
    return found


def make(found):
    print("corpus: setting up Python's protobuf …", file=sys.stderr, flush=True)
    try:
        venv.create(FOLDER, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError, ImportError) as error:
        raise SetUpFailed(
            f"the environment in {FOLDER} cannot be made: {error}\n"
            "  Install what it needs: `apt-get install python3-venv`, or your system's package"
        ) from error
    pip = [found, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "-r", REQUIREMENTS], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SetUpFailed(f"the packages of {REQUIREMENTS.name} cannot be had:\n{done.stderr.strip()}")
