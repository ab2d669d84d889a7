// Runs the cases `gzip` and `load_report` on grpc-go, whose own interop client compresses nothing, and weighs no server
// by what it reports.
//
// Exits with 0 when it holds, else with 1 and the reason on standard error. Knows nothing of Sinew.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

const (
	largeRequest  = 271828
	largeResponse = 314159
	patience      = 15 * time.Second
)

// Finds out whether the last message that came was compressed.
type watch struct{ compressed atomic.Bool }

func (*watch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (w *watch) HandleRPC(_ context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InPayload); ok {
		w.compressed.Store(in.CompressedLength < in.Length)
	}
}

func (*watch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (*watch) HandleConn(context.Context, stats.ConnStats) {}

// The last message was as large, and compressed or not, as wanted.
func (w *watch) check(payload *testpb.Payload, size int, compressed bool) error {
	if got := len(payload.GetBody()); got != size {
		return fmt.Errorf("got %d bytes, wanted %d", got, size)
	}
	if got := w.compressed.Load(); got != compressed {
		return fmt.Errorf("the message came compressed: %t, wanted %t", got, compressed)
	}
	return nil
}

func zeros(size int) *testpb.Payload { return &testpb.Payload{Body: make([]byte, size)} }

func unary(ctx context.Context, test testpb.TestServiceClient, w *watch) error {
	request := &testpb.SimpleRequest{
		ResponseSize:     largeResponse,
		Payload:          zeros(largeRequest),
		ExpectCompressed: &testpb.BoolValue{Value: true},
	}
	if _, err := test.UnaryCall(ctx, request); status.Code(err) != codes.InvalidArgument {
		return fmt.Errorf("a request that is not compressed ended with %v", err)
	}
	for _, compressed := range []bool{true, false} {
		request.ResponseCompressed = &testpb.BoolValue{Value: compressed}
		reply, err := test.UnaryCall(ctx, request, grpc.UseCompressor(gzip.Name))
		if err != nil {
			return err
		}
		if err := w.check(reply.GetPayload(), largeResponse, compressed); err != nil {
			return err
		}
	}
	return nil
}

func upload(ctx context.Context, test testpb.TestServiceClient) error {
	stream, err := test.StreamingInputCall(ctx, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return err
	}
	for _, size := range []int{27182, 45904} {
		request := &testpb.StreamingInputCallRequest{
			Payload:          zeros(size),
			ExpectCompressed: &testpb.BoolValue{Value: true},
		}
		if err := stream.Send(request); err != nil {
			break // Why comes with the reply.
		}
	}
	reply, err := stream.CloseAndRecv()
	if err == nil && reply.GetAggregatedPayloadSize() != 27182+45904 {
		err = fmt.Errorf("got an aggregated size of %d", reply.GetAggregatedPayloadSize())
	}
	return err
}

func duplex(ctx context.Context, test testpb.TestServiceClient, w *watch) error {
	stream, err := test.FullDuplexCall(ctx, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return err
	}
	for _, size := range []int{31415, 58979} {
		for _, compressed := range []bool{true, false} {
			wanted := &testpb.ResponseParameters{
				Size:       int32(size),
				Compressed: &testpb.BoolValue{Value: compressed},
			}
			request := &testpb.StreamingOutputCallRequest{
				ResponseParameters: []*testpb.ResponseParameters{wanted},
				Payload:            zeros(largeRequest),
			}
			if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			reply, err := stream.Recv()
			if err != nil {
				return err
			}
			if err := w.check(reply.GetPayload(), size, compressed); err != nil {
				return err
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the stream ended with %v", err)
	}
	return nil
}

func compressed(ctx context.Context, address string) error {
	w := &watch{}
	connection, err := grpc.NewClient(
		address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(w),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	test := testpb.NewTestServiceClient(connection)
	for what, err := range map[string]error{
		"unary":  unary(ctx, test, w),
		"upload": upload(ctx, test),
		"duplex": duplex(ctx, test, w),
	} {
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func main() {
	host := flag.String("server_host", "127.0.0.1", "")
	port := flag.Int("server_port", 0, "")
	other := flag.Int("other_port", 0, "of the server that has little to do, in load_report")
	name := flag.String("test_case", "", "gzip or load_report")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	switch *name {
	case "gzip":
		err = compressed(ctx, fmt.Sprintf("%s:%d", *host, *port))
	case "load_report":
		err = loadReport(ctx, *host, *port, *other)
	default:
		err = fmt.Errorf("no such case: %q", *name)
	}
	if err != nil {
		log.Fatal(err)
	}
}
