package main

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// callLog writes one line for each call.
type callLog struct {
	logger *slog.Logger
}

func (l callLog) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	start := time.Now()
	response, err := handler(ctx, request)
	l.write(ctx, info.FullMethod, start, err)
	return response, err
}

func (l callLog) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	start := time.Now()
	err := handler(server, stream)
	l.write(stream.Context(), info.FullMethod, start, err)
	return err
}

func (l callLog) write(ctx context.Context, method string, start time.Time, err error) {
	l.logger.LogAttrs(ctx, slog.LevelInfo, "call",
		slog.String("method", method),
		slog.String("code", status.Code(err).String()),
		slog.Float64("latency_ms", float64(time.Since(start).Nanoseconds())/1e6))
}
