// The recommendation service in Go, with grpc-go and protovalidate, for the benchmark.
//
// A typical server: nine books per category in memory, an interceptor that validates every
// request by the contract, and with -log an interceptor that writes one line of JSON to
// standard error for each call. Prints `listening on ADDRESS` when it is ready; stops on SIGTERM
// and SIGINT.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	inventoryv1 "bindery/gen/go/bookstore/inventory/v1"
	recommendationsv1 "bindery/gen/go/bookstore/recommendations/v1"
)

// booksPerCategory is the number of books that each category has.
const booksPerCategory = 9

type server struct {
	recommendationsv1.UnimplementedRecommendationServiceServer
	books map[inventoryv1.BookCategory][]*recommendationsv1.BookRecommendation
}

// newServer makes the same number of books for each category.
func newServer() *server {
	books := map[inventoryv1.BookCategory][]*recommendationsv1.BookRecommendation{}
	var id int32
	for number := range inventoryv1.BookCategory_name {
		if number == 0 {
			continue // The unspecified category has no books.
		}
		category := inventoryv1.BookCategory(number)
		for range booksPerCategory {
			id++
			books[category] = append(books[category], &recommendationsv1.BookRecommendation{
				BookId: id,
				Title:  fmt.Sprintf("The %d. Book of the Library", id),
			})
		}
	}
	return &server{books: books}
}

// Recommend returns a random sample of the category without replacement.
func (s *server) Recommend(_ context.Context, request *recommendationsv1.RecommendRequest) (*recommendationsv1.RecommendResponse, error) {
	books := s.books[request.GetCategory()]
	count := min(int(request.GetMaxResults()), len(books))
	sample := make([]*recommendationsv1.BookRecommendation, count)
	for i, from := range rand.Perm(len(books))[:count] {
		sample[i] = books[from]
	}
	return &recommendationsv1.RecommendResponse{Recommendations: sample}, nil
}

// validate refuses requests that break a rule of the contract.
func validate(validator protovalidate.Validator) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		err := validator.Validate(request.(proto.Message))
		var violations *protovalidate.ValidationError
		switch {
		case err == nil:
			return handler(ctx, request)
		case errors.As(err, &violations):
			refusal := status.New(codes.InvalidArgument, err.Error())
			if detailed, err := refusal.WithDetails(violations.ToProto()); err == nil {
				refusal = detailed
			}
			return nil, refusal.Err()
		default:
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
}

// logCalls writes one line for each call.
func logCalls(logger *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		start := time.Now()
		response, err := handler(ctx, request)
		logger.LogAttrs(ctx, slog.LevelInfo, "call",
			slog.String("method", info.FullMethod),
			slog.String("code", status.Code(err).String()),
			slog.Float64("latency_ms", float64(time.Since(start).Nanoseconds())/1e6))
		return response, err
	}
}

func run() error {
	log := flag.Bool("log", false, "write one line for each call to standard error")
	flag.Parse()
	validator, err := protovalidate.New(protovalidate.WithMessages(&recommendationsv1.RecommendRequest{}))
	if err != nil {
		return err
	}
	interceptors := []grpc.UnaryServerInterceptor{validate(validator)}
	if *log {
		logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
		interceptors = append([]grpc.UnaryServerInterceptor{logCalls(logger)}, interceptors...)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	grpcServer := grpc.NewServer(grpc.ChainUnaryInterceptor(interceptors...))
	recommendationsv1.RegisterRecommendationServiceServer(grpcServer, newServer())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		grpcServer.Stop()
	}()
	fmt.Println("listening on", listener.Addr())
	return grpcServer.Serve(listener)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
