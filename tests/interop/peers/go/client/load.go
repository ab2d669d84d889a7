package main

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/balancer/weightedroundrobin"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// Weighs by the reports in trailers, as soon and as often as grpc-go can.
const weighted = `{"loadBalancingConfig": [{"weighted_round_robin": {
	"enableOobLoadReport": false,
	"blackoutPeriod": "0s",
	"weightUpdatePeriod": "0.1s"
}}]}`

const (
	// Calls of one look at who was called.
	round = 200
	// Of which so many have to go to the server that says that it has little to do. Unweighted it is a half.
	wantedShare = 160
)

// Calls two servers that report how much of them is in use, until most calls go to the one with little to do.
func loadReport(ctx context.Context, host string, loaded, idle int) error {
	address := func(port int) string { return host + ":" + strconv.Itoa(port) }
	servers := manual.NewBuilderWithScheme("cases")
	servers.InitialState(resolver.State{
		Addresses: []resolver.Address{{Addr: address(loaded)}, {Addr: address(idle)}},
	})
	connection, err := grpc.NewClient(
		"cases:///servers",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithResolvers(servers),
		grpc.WithDefaultServiceConfig(weighted),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	test := testpb.NewTestServiceClient(connection)
	total := map[string]int{}
	for {
		calls := map[string]int{}
		for range round {
			var server peer.Peer
			if _, err := test.EmptyCall(ctx, &testpb.Empty{}, grpc.WaitForReady(true), grpc.Peer(&server)); err != nil {
				return fmt.Errorf("after %v: %w", total, err)
			}
			calls[server.Addr.String()]++
			total[server.Addr.String()]++
		}
		// Both were there to choose from.
		if total[address(loaded)] > 0 && calls[address(idle)] >= wantedShare {
			return nil
		}
	}
}
