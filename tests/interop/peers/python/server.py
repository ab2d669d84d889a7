"""Serves grpc.testing.TestService on grpcio, as gRPC's interop descriptions ask, interop.v1.Shop, and their health.

Prints `listening on 127.0.0.1:PORT` once it can be called, and serves until it
is ended by a signal. Knows nothing of Sinew.
"""

import argparse
import concurrent.futures
import time

import empty_pb2
import grpc
import ledger_pb2_grpc
import messages_pb2
import shop_pb2
import shop_pb2_grpc
import test_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

INITIAL_KEY = "x-grpc-test-echo-initial"
TRAILING_KEY = "x-grpc-test-echo-trailing-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}


class TestService(test_pb2_grpc.TestServiceServicer):
    """All methods but the one that shall stay unimplemented."""

    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        echo_status(request, context)
        return messages_pb2.SimpleResponse(
            payload=payload(request.response_type, request.response_size, context)
        )

    def CacheableUnaryCall(self, request, context):
        return self.UnaryCall(request, context)

    def StreamingInputCall(self, request_iterator, context):
        total = sum(len(request.payload.body) for request in request_iterator)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=total)

    def StreamingOutputCall(self, request, context):
        echo_metadata(context)
        yield from responses(request, context)

    def FullDuplexCall(self, request_iterator, context):
        echo_metadata(context)
        for number, request in enumerate(request_iterator):
            # Said in the head, so the first request says it for all of them.
            if number == 0 and any(p.compressed.value for p in request.response_parameters):
                context.set_compression(grpc.Compression.Gzip)
            yield from responses(request, context)

    def HalfDuplexCall(self, request_iterator, context):
        echo_metadata(context)
        for request in list(request_iterator):
            yield from responses(request, context)


class Shop(shop_pb2_grpc.ShopServicer):
    """Everything is sold out."""

    def Buy(self, request, context):
        if request.item != "pen":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such item")
        status = shop_pb2.Details(
            code=grpc.StatusCode.UNAVAILABLE.value[0], message="only 2 left"
        )
        status.details.add().Pack(shop_pb2.SoldOut(item=request.item, left=2))
        status.details.add().Pack(shop_pb2.Hint(text="try a pencil"))
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNAVAILABLE, status.message)


class Ledger(ledger_pb2_grpc.LedgerServicer):
    """What the service of ours does, by the file that it exports."""

    def Enter(self, request, context):
        return shop_pb2.SoldOut(item=request.item, left=len(request.item))

    def Count(self, request, context):
        for number in range(1, len(request.item) + 1):
            yield shop_pb2.Hint(text=str(number))

    def Collect(self, request_iterator, context):
        return shop_pb2.Hint(text="".join(order.item for order in request_iterator))

    def Talk(self, request_iterator, context):
        for order in request_iterator:
            if not order.item:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an item without a name")
            yield shop_pb2.Hint(text=order.item)


def responses(request, context):
    echo_status(request, context)
    for wanted in request.response_parameters:
        time.sleep(wanted.interval_us / 1e6)
        yield messages_pb2.StreamingOutputCallResponse(
            payload=payload(request.response_type, wanted.size, context)
        )


def payload(kind, size, context):
    if kind != messages_pb2.COMPRESSABLE or size < 0:
        context.abort(
            grpc.StatusCode.INVALID_ARGUMENT, f"no payload of type {kind} and size {size}"
        )
    return messages_pb2.Payload(type=kind, body=bytes(size))


def echo_status(request, context):
    wanted = request.response_status
    if wanted.code:
        context.abort(CODES.get(wanted.code, grpc.StatusCode.UNKNOWN), wanted.message)


def echo_metadata(context):
    received = dict(context.invocation_metadata())
    if INITIAL_KEY in received:
        context.send_initial_metadata(((INITIAL_KEY, received[INITIAL_KEY]),))
    if TRAILING_KEY in received:
        context.set_trailing_metadata(((TRAILING_KEY, received[TRAILING_KEY]),))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=0)
    port = arguments.parse_args().port

    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=8),
        # Two servers on one port would share the calls between them.
        options=[("grpc.so_reuseport", 0)],
    )
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    shop_pb2_grpc.add_ShopServicer_to_server(Shop(), server)
    ledger_pb2_grpc.add_LedgerServicer_to_server(Ledger(), server)
    healthy = health.HealthServicer()
    for service in ("", "grpc.testing.TestService"):
        healthy.set(service, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
