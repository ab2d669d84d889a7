// Serves grpc.testing.TestService on grpc-go's own implementation of it, with gzip, which its own interop server lacks.
//
// Refuses a request that did not come compressed though it says that it does; replies are compressed as their requests
// were, which is what grpc-go does by itself. Knows nothing of Sinew.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// Finds out of each call whether the last message that came was compressed.
type watch struct{}

type compressedKey struct{}

func (watch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, compressedKey{}, new(atomic.Bool))
}

func (watch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InPayload); ok {
		ctx.Value(compressedKey{}).(*atomic.Bool).Store(in.CompressedLength < in.Length)
	}
}

func (watch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (watch) HandleConn(context.Context, stats.ConnStats) {}

func cameCompressed(ctx context.Context) error {
	if ctx.Value(compressedKey{}).(*atomic.Bool).Load() {
		return nil
	}
	return status.Error(codes.InvalidArgument, "the message did not come compressed")
}

func unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if simple, ok := req.(*testpb.SimpleRequest); ok && simple.GetExpectCompressed().GetValue() {
		if err := cameCompressed(ctx); err != nil {
			return nil, err
		}
	}
	return next(ctx, req)
}

// Every large message of a stream shall come compressed.
type stream struct{ grpc.ServerStream }

func (s stream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	return cameCompressed(s.Context())
}

func streaming(server any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(server, stream{ss})
}

func main() {
	port := flag.Int("port", 0, "0 lets the system choose")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.StatsHandler(watch{}), grpc.UnaryInterceptor(unary), grpc.StreamInterceptor(streaming),
	)
	testpb.RegisterTestServiceServer(server, interop.NewTestServer())
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-ended
		server.GracefulStop()
	}()
	fmt.Printf("listening on %s\n", listener.Addr())
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
