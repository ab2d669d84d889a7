"""The program that has the generated Rust types: one process, asked a message at a time, and started anew when it dies
of one.
"""

import struct
import subprocess

# Of an answer.
BACK, REFUSED, BROKEN, UNKNOWN = b"b", b"r", b"x", b"u"


class Peer:
    def __init__(self, program):
        self._program = program
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def types(self):
        """Gives all types, as `set/full.name`."""
        done = subprocess.run(
            [self._program, "--list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", check=True
        )
        return set(done.stdout.splitlines())

    def exchange(self, name, data):
        """Gives what kind of answer there is, and its bytes."""
        if self._process is None:
            self._process = subprocess.Popen([self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        name = name.encode()
        try:
            self._process.stdin.write(frame(name) + frame(data))
            self._process.stdin.flush()
            return self._read(), self._read()
        except (BrokenPipeError, EOFError):
            return BROKEN, f"the process ended with {self._end()}".encode()

    def _read(self):
        output = self._process.stdout
        head = output.read(4)
        length = struct.unpack("<I", head)[0] if len(head) == 4 else 0
        data = output.read(length)
        if len(head) < 4 or len(data) < length:
            raise EOFError
        return data

    def _end(self):
        process, self._process = self._process, None
        if process is None:
            return None
        with process:
            return process.wait() if process.stdin.close() is None else None


def frame(data):
    return struct.pack("<I", len(data)) + data
