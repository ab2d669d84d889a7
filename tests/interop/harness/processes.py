"""Starts and stops the servers, and runs a client against one of them.

Every process is ended by its own id, and none outlives the run. What a case
asserts is the client's own business.
"""

import collections
import os
import re
import signal
import subprocess
import threading
import time

# Seconds until a server must have said where it listens, and must have stopped.
START_LIMIT = 20.0
STOP_LIMIT = 5.0
# Lines of a process's output that a failure shows.
SHOWN_LINES = 15
LISTENING = re.compile(r"listening on \S*:(\d+)\s*$")


class Servers:
    """The servers that were asked for so far, by implementation and arguments; each is started once."""

    def __init__(self, commands):
        self._commands = commands
        self._running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name, arguments in list(self._running):
            self.stop(name, arguments)

    def running(self, name, arguments=()):
        """Gives the server, started anew if it has ended."""
        key = name, arguments
        server = self._running.get(key)
        if server is None or server.ended():
            server = self._running[key] = Server(self._commands[name], arguments)
        return server

    def stop(self, name, arguments=()):
        """Gives None if it never ran, "" if it stopped as it should, else what was wrong."""
        server = self._running.pop((name, arguments), None)
        return server and server.stop()


class Server:
    """One running server, and the last lines that it printed."""

    def __init__(self, command, arguments):
        self._lines = collections.deque(maxlen=SHOWN_LINES)
        self._said_port = threading.Event()
        self.port = None
        self._process = subprocess.Popen(
            [*command.server, "--port=0", *arguments],
            env=environment(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.append(line.rstrip())
            found = LISTENING.search(line)
            if found and self.port is None:
                self.port = int(found[1])
                self._said_port.set()
        self._said_port.set()

    def address(self):
        """Waits until it listens; gives its port, or None if it doesn't."""
        self._said_port.wait(START_LIMIT)
        return self.port

    def ended(self):
        return self._process.poll() is not None

    def output(self):
        return "\n".join(self._lines)

    def stop(self):
        self._process.terminate()
        started = time.monotonic()
        try:
            code = self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"still ran {STOP_LIMIT:.0f} s after the signal\n{self.output()}"
        finally:
            self._reader.join(STOP_LIMIT)
        took = time.monotonic() - started
        return "" if code == 0 else f"ended with {ending(code)} after {took:.1f} s\n{self.output()}"


def run_case(command, servers, server_name, case, limit, arguments):
    """Gives None if the client says that the case holds, else what went wrong.

    There is a server for each of the `arguments`, mostly one without any.
    """
    called = [servers.running(server_name, of_one) for of_one in arguments]
    for server in called:
        if server.address() is None:
            return f"the {server_name} server does not listen\n{server.output()}"
    client = [*command.client, "--server_host=127.0.0.1", f"--test_case={case}"]
    for option, server in zip(("server_port", "other_port"), called):
        client.append(f"--{option}={server.address()}")
    try:
        done = subprocess.run(
            client,
            env=environment(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=limit,
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        return f"took over {limit:.0f} s\n{tail(output.decode('utf-8', 'replace'))}"
    wrong = []
    if done.returncode != 0:
        wrong.append(f"the client ended with {ending(done.returncode)}\n{tail(done.stdout)}")
    for server in called:
        if server.ended():
            wrong.append(f"the {server_name} server has ended\n{server.output()}")
    return "\n".join(wrong) or None


def environment(command):
    """Ours, without proxies: everything stays on this machine."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**kept, **command.environment}


def ending(code):
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def tail(text):
    return "\n".join(text.splitlines()[-SHOWN_LINES:])
