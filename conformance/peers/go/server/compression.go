package main

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip" // Accepts compressed requests.
	"google.golang.org/grpc/status"
)

// compressionUnary and compressionStream compress responses only if the client accepts it. grpc-go
// 1.85 compresses them as the request was compressed, also if grpc-accept-encoding does not say that
// the client can read them; proofread found it.
func compressionUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := setCompression(ctx); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func compressionStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := setCompression(stream.Context()); err != nil {
		return err
	}
	return handler(server, stream)
}

func setCompression(ctx context.Context) error {
	accepted, err := grpc.ClientSupportedCompressors(ctx)
	if err == nil && !slices.Contains(accepted, gzip.Name) {
		err = grpc.SetSendCompressor(ctx, encoding.Identity)
	}
	if err != nil {
		return status.Error(codes.Internal, "the compression of the response cannot be chosen")
	}
	return nil
}
