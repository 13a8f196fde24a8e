// A server of a part of the contract in Go, with grpc-go and protovalidate.
//
// It shows what a server of the contract needs: an interceptor that validates every request, one
// that checks credentials, errors with details, health, reflection and a graceful stop. Books and
// stock are in memory. Prints `listening on ADDRESS` when it is ready; stops on SIGTERM and SIGINT.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	transport "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
	recommendationsv1 "bindery.internal/gen/go/bookstore/recommendations/v1"
	interopv1 "bindery.internal/peers/go/interopv1"
)

// stopTimeout limits how long calls in progress may take after a signal.
const stopTimeout = 5 * time.Second

type options struct {
	address, books, operatorToken string
	log                           bool
	ignoredRule                   string
	// The files of the certificate and of its key; without them the server is plain text.
	tlsCert, tlsKey string
}

func main() {
	var options options
	flag.StringVar(&options.address, "address", "127.0.0.1:0", "the address on which the server listens")
	flag.StringVar(&options.books, "books", "conformance/peers/books.json", "the books of the catalogue: an ImportBooksRequest in JSON")
	flag.StringVar(&options.operatorToken, "operator-token", "operator", "the token of the operator")
	flag.BoolVar(&options.log, "log", false, "write one line for each call to standard error")
	flag.StringVar(&options.ignoredRule, "ignore-rule", "", "do not check the rule with this id, for tests of the tester")
	flag.StringVar(&options.tlsCert, "tls-cert", "", "a file with the certificate; without it the server is plain text")
	flag.StringVar(&options.tlsKey, "tls-key", "", "a file with the key of --tls-cert")
	flag.Parse()
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(options options) error {
	catalogue, err := loadCatalogue(options.books)
	if err != nil {
		return err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", options.address)
	if err != nil {
		return err
	}
	validation := validation{validator: validator, ignoredRule: options.ignoredRule}
	credentials := credentials{operatorToken: options.operatorToken}
	// Credentials come first: a caller without one must not be able to probe the rules.
	unary := []grpc.UnaryServerInterceptor{compressionUnary, credentials.unary, validation.unary}
	stream := []grpc.StreamServerInterceptor{compressionStream, credentials.stream, validation.stream}
	if options.log {
		log := callLog{slog.New(slog.NewJSONHandler(os.Stderr, nil))}
		unary = append([]grpc.UnaryServerInterceptor{log.unary}, unary...)
		stream = append([]grpc.StreamServerInterceptor{log.stream}, stream...)
	}
	settings := []grpc.ServerOption{grpc.ChainUnaryInterceptor(unary...), grpc.ChainStreamInterceptor(stream...)}
	if options.tlsCert != "" {
		certificate, err := transport.NewServerTLSFromFile(options.tlsCert, options.tlsKey)
		if err != nil {
			return err
		}
		settings = append(settings, grpc.Creds(certificate))
	}
	server := grpc.NewServer(settings...)
	inventoryv1.RegisterInventoryServiceServer(server, &inventoryService{catalogue: catalogue})
	recommendationsv1.RegisterRecommendationServiceServer(server, &recommendationService{catalogue: catalogue})
	interopv1.RegisterInteropServiceServer(server, &interopService{})
	status := health.NewServer()
	for name := range server.GetServiceInfo() {
		status.SetServingStatus(name, healthv1.HealthCheckResponse_SERVING)
	}
	healthv1.RegisterHealthServer(server, status)
	reflection.Register(server)

	go func() {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
		<-stop
		status.Shutdown()
		catalogue.close()
		deadline := time.AfterFunc(stopTimeout, server.Stop)
		defer deadline.Stop()
		server.GracefulStop()
	}()
	fmt.Println("listening on", listener.Addr())
	return server.Serve(listener)
}
