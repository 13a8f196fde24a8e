package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/protobuf/proto"
)

// caller makes calls by one protocol. It sets the header and the trailer of the call.
type caller interface {
	invoke(ctx context.Context, c *call, request, response proto.Message) error
	open(ctx context.Context, c *call) (stream, error)
}

type stream interface {
	SendMsg(message any) error
	RecvMsg(message any) error
	CloseSend() error
}

// grpcCaller makes calls by gRPC, with grpc-go.
type grpcCaller struct {
	connection *grpc.ClientConn
}

func (g grpcCaller) invoke(ctx context.Context, c *call, request, response proto.Message) error {
	return g.connection.Invoke(ctx, "/"+c.cell.Method, request, response, g.options(c)...)
}

func (g grpcCaller) open(ctx context.Context, c *call) (stream, error) {
	description := &grpc.StreamDesc{ClientStreams: c.method.IsStreamingClient(), ServerStreams: c.method.IsStreamingServer()}
	return g.connection.NewStream(ctx, description, "/"+c.cell.Method, g.options(c)...)
}

func (grpcCaller) options(c *call) []grpc.CallOption {
	options := []grpc.CallOption{grpc.Header(&c.header), grpc.Trailer(&c.trailer)}
	if c.cell.Gzip {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	return options
}
