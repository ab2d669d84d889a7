"""Runs one interop case by grpcurl, which knows of the server only what reflection tells.

Exits with 0 when the case holds, else with 1 and the reason on standard error.
Knows nothing of Sinew. `GRPCURL` in the environment is the program.
"""

import argparse
import json
import os
import subprocess
import sys

# Seconds that one run of grpcurl may take.
PATIENCE = "10"


class Failed(Exception):
    """A case that does not hold, and why."""


def reflection(grpcurl):
    services = grpcurl("list").split()
    for service in (
        "grpc.testing.TestService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ):
        equal(f"{service} is listed", service in services, True)
    methods = grpcurl("list", "interop.v1.Shop").split()
    equal("methods", "interop.v1.Shop.Buy" in methods, True)
    for symbol, shown in (
        ("interop.v1.Shop", "service Shop {"),
        ("interop.v1.Shop.Buy", "rpc Buy ( .interop.v1.Order ) returns"),
        ("interop.v1.SoldOut", "uint32 left = 2;"),
        ("grpc.testing.PayloadType", "COMPRESSABLE = 0;"),
        # A file that is only imported, for its options.
        ("google.protobuf.MethodOptions", "message MethodOptions {"),
        ("grpc.health.v1.HealthCheckResponse.ServingStatus", "SERVICE_UNKNOWN = 3;"),
    ):
        described = grpcurl("describe", symbol)
        equal(f"{symbol} is described", shown in described, True)
    # All services one after the other: each that is listed has a descriptor.
    grpcurl("describe")

    request = {"responseSize": 3, "payload": {"body": "AAAA"}}
    reply = call(grpcurl, "grpc.testing.TestService/UnaryCall", request)
    equal("body", reply, {"payload": {"body": "AAAA"}})
    # The error's details are decoded by what reflection tells of their types.
    code, printed = grpcurl.run(["-format-error", "-d", '{"item":"pen"}'], "interop.v1.Shop/Buy")
    equal("exit code", code, 64 + 14)
    equal("detail is decoded", '"left": 2' in printed, True)


def health(grpcurl):
    check = "grpc.health.v1.Health/Check"
    for service in ("", "grpc.testing.TestService"):
        equal("status", call(grpcurl, check, {"service": service}), {"status": "SERVING"})
    unknown = json.dumps({"service": "grpc.testing.NoSuchService"})
    code, _ = grpcurl.run(["-d", unknown], check)
    equal("exit code", code, 64 + 5)
    listed = call(grpcurl, "grpc.health.v1.Health/List", {})["statuses"]
    equal("listed", listed["grpc.testing.TestService"], {"status": "SERVING"})


CASES = {case.__name__: case for case in (health, reflection)}


class Grpcurl:
    """grpcurl towards one server."""

    def __init__(self, address):
        self._address = address

    def __call__(self, *arguments):
        code, printed = self.run([], *arguments)
        if code:
            raise Failed(f"{' '.join(arguments)} ends with {code}: {printed}")
        return printed

    def run(self, options, *arguments):
        """Gives the exit code (that of the call is 64 below it), and all that was printed."""
        done = subprocess.run(
            [os.environ["GRPCURL"], "-plaintext", "-max-time", PATIENCE, *options]
            + [self._address, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout


def call(grpcurl, method, request):
    code, printed = grpcurl.run(["-d", json.dumps(request)], method)
    if code:
        raise Failed(f"{method} ends with {code}: {printed}")
    return json.loads(printed)


def equal(what, got, wanted):
    if got != wanted:
        raise Failed(f"{what}: got {got!r}, wanted {wanted!r}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--server_host", default="127.0.0.1")
    arguments.add_argument("--server_port", type=int, required=True)
    arguments.add_argument("--test_case", choices=CASES, required=True)
    options = arguments.parse_args()
    try:
        CASES[options.test_case](Grpcurl(f"{options.server_host}:{options.server_port}"))
    except Failed as error:
        print(f"{options.test_case}: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
