"""Runs one interop case on grpcio, as gRPC's interop descriptions ask.

Exits with 0 when the case holds, else with 1 and the reason on standard error.
Knows nothing of Sinew.
"""

import argparse
import os
import queue
import sys

import empty_pb2
import grpc
import ledger_pb2_grpc
import messages_pb2
import shop_pb2
import shop_pb2_grpc
import test_pb2_grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

INITIAL = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
TRAILING = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")
LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
# What a peer may take for a whole call: a hang becomes a failure that says so.
PATIENCE = 15.0


class Failed(Exception):
    """A case that does not hold, and why."""


class Requests:
    """The sending side of a stream: an iterator that is fed while it is read."""

    def __init__(self):
        self._queue = queue.SimpleQueue()

    def send(self, request):
        self._queue.put(request)

    def finish(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def empty_unary(test, _):
    reply = test.EmptyCall(empty_pb2.Empty(), timeout=PATIENCE)
    equal("response", reply, empty_pb2.Empty())


def large_unary(test, _):
    reply = test.UnaryCall(large_request(), timeout=PATIENCE)
    equal("response body", reply.payload.body, bytes(LARGE_RESPONSE))


def client_streaming(test, _):
    requests = (
        messages_pb2.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES
    )
    reply = test.StreamingInputCall(requests, timeout=PATIENCE)
    equal("aggregated size", reply.aggregated_payload_size, sum(REQUEST_SIZES))


def server_streaming(test, _):
    request = messages_pb2.StreamingOutputCallRequest(
        response_parameters=[messages_pb2.ResponseParameters(size=size) for size in RESPONSE_SIZES]
    )
    bodies = [r.payload.body for r in test.StreamingOutputCall(request, timeout=PATIENCE)]
    equal("response bodies", bodies, [bytes(size) for size in RESPONSE_SIZES])


def ping_pong(test, _):
    requests = Requests()
    responses = test.FullDuplexCall(iter(requests), timeout=PATIENCE)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(duplex_request(request_size, response_size))
        equal("response body", next(responses).payload.body, bytes(response_size))
    requests.finish()
    equal("responses after the half-close", list(responses), [])


def empty_stream(test, _):
    responses = test.FullDuplexCall(iter(()), timeout=PATIENCE)
    equal("responses", list(responses), [])


def status_code_and_message(test, _):
    status = messages_pb2.EchoStatus(code=2, message="test status message")
    unary = messages_pb2.SimpleRequest(response_status=status)
    ends_with(
        lambda: test.UnaryCall(unary, timeout=PATIENCE), grpc.StatusCode.UNKNOWN, status.message
    )
    duplex = messages_pb2.StreamingOutputCallRequest(response_status=status)
    ends_with(
        lambda: list(test.FullDuplexCall(iter((duplex,)), timeout=PATIENCE)),
        grpc.StatusCode.UNKNOWN,
        status.message,
    )


def special_status_message(test, _):
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    request = messages_pb2.SimpleRequest(
        response_status=messages_pb2.EchoStatus(code=2, message=message)
    )
    ends_with(lambda: test.UnaryCall(request, timeout=PATIENCE), grpc.StatusCode.UNKNOWN, message)


def unimplemented_method(test, _):
    ends_with(
        lambda: test.UnimplementedCall(empty_pb2.Empty(), timeout=PATIENCE),
        grpc.StatusCode.UNIMPLEMENTED,
    )


def unimplemented_service(_, channel):
    unimplemented = test_pb2_grpc.UnimplementedServiceStub(channel)
    ends_with(
        lambda: unimplemented.UnimplementedCall(empty_pb2.Empty(), timeout=PATIENCE),
        grpc.StatusCode.UNIMPLEMENTED,
    )


def cancel_after_begin(test, _):
    requests = Requests()
    call = test.StreamingInputCall.future(iter(requests), timeout=PATIENCE)
    call.cancel()
    requests.finish()
    equal("code", call.code(), grpc.StatusCode.CANCELLED)


def cancel_after_first_response(test, _):
    requests = Requests()
    responses = test.FullDuplexCall(iter(requests), timeout=PATIENCE)
    requests.send(duplex_request(REQUEST_SIZES[0], RESPONSE_SIZES[0]))
    equal("response body", next(responses).payload.body, bytes(RESPONSE_SIZES[0]))
    responses.cancel()
    requests.finish()
    ends_with(lambda: next(responses), grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server(test, _):
    requests = Requests()
    responses = test.FullDuplexCall(iter(requests), timeout=0.001)
    requests.send(messages_pb2.StreamingOutputCallRequest(payload=zeros(REQUEST_SIZES[0])))
    ends_with(lambda: next(responses), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.finish()


def custom_metadata(test, _):
    sent = (INITIAL, TRAILING)
    reply, call = test.UnaryCall.with_call(large_request(), timeout=PATIENCE, metadata=sent)
    equal("response body", reply.payload.body, bytes(LARGE_RESPONSE))
    echoed(call)

    request = duplex_request(LARGE_REQUEST, LARGE_RESPONSE)
    call = test.FullDuplexCall(iter((request,)), timeout=PATIENCE, metadata=sent)
    bodies = [response.payload.body for response in call]
    equal("response bodies", bodies, [bytes(LARGE_RESPONSE)])
    echoed(call)


def declared_error(_, channel):
    shop = shop_pb2_grpc.ShopStub(channel)
    error = fails(lambda: shop.Buy(shop_pb2.Order(item="pen"), timeout=PATIENCE))
    equal("code", error.code(), grpc.StatusCode.UNAVAILABLE)
    equal("message", error.details(), "only 2 left")
    sent = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    equal("number of grpc-status-details-bin", len(sent), 1)
    status = shop_pb2.Details.FromString(sent[0])
    equal("code in the details", status.code, grpc.StatusCode.UNAVAILABLE.value[0])
    equal("message in the details", status.message, "only 2 left")
    first, second = status.details
    sold_out, hint = shop_pb2.SoldOut(), shop_pb2.Hint()
    equal("first detail is a SoldOut", first.Unpack(sold_out), True)
    equal("first detail", sold_out, shop_pb2.SoldOut(item="pen", left=2))
    equal("second detail is a Hint", second.Unpack(hint), True)
    equal("second detail", hint, shop_pb2.Hint(text="try a pencil"))

    error = fails(lambda: shop.Buy(shop_pb2.Order(item="cup"), timeout=PATIENCE))
    equal("code", error.code(), grpc.StatusCode.NOT_FOUND)


def exported_service(_, channel):
    ledger = ledger_pb2_grpc.LedgerStub(channel)
    entered = ledger.Enter(shop_pb2.Order(item="pen"), timeout=PATIENCE)
    equal("entered", entered, shop_pb2.SoldOut(item="pen", left=3))
    counted = [hint.text for hint in ledger.Count(shop_pb2.Order(item="pen"), timeout=PATIENCE)]
    equal("counted", counted, ["1", "2", "3"])
    orders = (shop_pb2.Order(item=item) for item in ("pen", "cup"))
    equal("collected", ledger.Collect(orders, timeout=PATIENCE).text, "pencup")
    requests = Requests()
    heard = ledger.Talk(iter(requests), timeout=PATIENCE)
    requests.send(shop_pb2.Order(item="pen"))
    equal("heard", next(heard).text, "pen")
    requests.send(shop_pb2.Order())
    error = fails(lambda: next(heard))
    requests.finish()
    equal("code", error.code(), grpc.StatusCode.INVALID_ARGUMENT)


def health(_, channel):
    stub = health_pb2_grpc.HealthStub(channel)
    request, serving = health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse.SERVING
    for service in ("", "grpc.testing.TestService"):
        reply = stub.Check(request(service=service), timeout=PATIENCE)
        equal("status", reply.status, serving)
        watch = stub.Watch(request(service=service), timeout=PATIENCE)
        equal("first status", next(watch).status, serving)
        watch.cancel()
    unknown = request(service="grpc.testing.NoSuchService")
    ends_with(lambda: stub.Check(unknown, timeout=PATIENCE), grpc.StatusCode.NOT_FOUND)
    watch = stub.Watch(unknown, timeout=PATIENCE)
    wanted = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    equal("first status", next(watch).status, wanted)
    watch.cancel()


def reflection(_, channel):
    """By v1alpha, which is all that grpcio's client speaks."""
    database = ProtoReflectionDescriptorDatabase(channel)
    services = set(database.get_services())
    for service in ("grpc.testing.TestService", "interop.v1.Shop", "grpc.health.v1.Health"):
        equal(f"{service} is listed", service in services, True)
    # Each of these asks the server, and has the file with all that it imports.
    pool = descriptor_pool.DescriptorPool(database)
    method = pool.FindMethodByName("grpc.testing.TestService.UnaryCall")
    equal("request", method.input_type.full_name, "grpc.testing.SimpleRequest")
    nested = pool.FindFieldByName("interop.v1.SoldOut.left")
    equal("field", (nested.number, nested.file.name), (2, "shop.proto"))
    equal("file", pool.FindFileByName("empty.proto").package, "grpc.testing")
    options = pool.FindMessageTypeByName("google.protobuf.MethodOptions")
    numbers = database.FindAllExtensionNumbers(options.full_name)
    extension = pool.FindExtensionByName("sinew.method")
    equal("extension is known", extension.number in numbers, True)
    by_number = pool.FindExtensionByNumber(options, extension.number)
    equal("extension", by_number.full_name, "sinew.method")
    for find in (pool.FindMessageTypeByName, pool.FindFileByName):
        try:
            find("no.such")
        except KeyError:
            continue
        raise Failed(f"{find.__name__}: found what is not there")


def gzip(test, _):
    """Whether a reply came compressed is not told here: the server is to say whether the request did."""
    true = messages_pb2.BoolValue(value=True)
    request = large_request()
    request.expect_compressed.CopyFrom(true)
    request.response_compressed.CopyFrom(true)
    reply = test.UnaryCall(request, timeout=PATIENCE, compression=grpc.Compression.Gzip)
    equal("response body", reply.payload.body, bytes(LARGE_RESPONSE))

    uploads = [
        messages_pb2.StreamingInputCallRequest(payload=zeros(size), expect_compressed=true)
        for size in (27182, 45904)
    ]
    reply = test.StreamingInputCall(
        iter(uploads), timeout=PATIENCE, compression=grpc.Compression.Gzip
    )
    equal("aggregated size", reply.aggregated_payload_size, 27182 + 45904)

    wanted = [
        messages_pb2.ResponseParameters(size=size, compressed=true) for size in RESPONSE_SIZES
    ]
    request = messages_pb2.StreamingOutputCallRequest(response_parameters=wanted)
    bodies = [r.payload.body for r in test.StreamingOutputCall(request, timeout=PATIENCE)]
    equal("response bodies", bodies, [bytes(size) for size in RESPONSE_SIZES])


CASES = {
    case.__name__: case
    for case in (
        empty_unary,
        large_unary,
        client_streaming,
        server_streaming,
        ping_pong,
        empty_stream,
        status_code_and_message,
        special_status_message,
        unimplemented_method,
        unimplemented_service,
        cancel_after_begin,
        cancel_after_first_response,
        timeout_on_sleeping_server,
        custom_metadata,
        declared_error,
        exported_service,
        health,
        reflection,
        gzip,
    )
}


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def large_request():
    return messages_pb2.SimpleRequest(response_size=LARGE_RESPONSE, payload=zeros(LARGE_REQUEST))


def duplex_request(request_size, response_size):
    return messages_pb2.StreamingOutputCallRequest(
        response_parameters=[messages_pb2.ResponseParameters(size=response_size)],
        payload=zeros(request_size),
    )


def equal(what, got, wanted):
    if got != wanted:
        raise Failed(f"{what}: got {brief(got)}, wanted {brief(wanted)}")


def brief(value):
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}… ({len(text)} characters)"


def fails(run):
    try:
        got = run()
    except grpc.RpcError as error:
        return error
    raise Failed(f"got {brief(got)}, wanted a failure")


def ends_with(run, code, details=None):
    try:
        got = run()
    except grpc.RpcError as error:
        equal("code", error.code(), code)
        if details is not None:
            equal("message", error.details(), details)
    except StopIteration:
        raise Failed(f"ended with OK, wanted {code}") from None
    else:
        raise Failed(f"got {brief(got)}, wanted {code}")


def echoed(call):
    initial = [value for key, value in call.initial_metadata() if key == INITIAL[0]]
    equal("initial metadata", initial, [INITIAL[1]])
    trailing = [value for key, value in call.trailing_metadata() if key == TRAILING[0]]
    equal("trailing metadata", trailing, [TRAILING[1]])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--server_host", default="127.0.0.1")
    arguments.add_argument("--server_port", type=int, required=True)
    arguments.add_argument("--test_case", choices=CASES, required=True)
    options = arguments.parse_args()

    with grpc.insecure_channel(f"{options.server_host}:{options.server_port}") as channel:
        test = test_pb2_grpc.TestServiceStub(channel)
        try:
            CASES[options.test_case](test, channel)
        except (Failed, grpc.RpcError) as error:
            print(f"{options.test_case}: {error}", file=sys.stderr, flush=True)
            return 1
    return 0


if __name__ == "__main__":
    # The verdict is all that counts. To leave by way of the interpreter's end would now and then hang: grpcio's
    # destructor of a call waits for a lock that a thread held when it was stopped.
    os._exit(main())
