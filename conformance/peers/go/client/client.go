// Package client connects to a server of the contract. It adds to grpc-go what a caller needs:
// typed errors, a deadline for each unary call, retries of the methods that the contract declares
// idempotent, and credentials.
//
//	connection, err := client.Connect("127.0.0.1:50051", client.WithToken(token))
//	inventory := inventoryv1.NewInventoryServiceClient(connection)
//	response, err := inventory.GetBook(ctx, &inventoryv1.GetBookRequest{BookId: 1})
package client

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// DefaultTimeout is the deadline of unary calls whose context has none.
const DefaultTimeout = 10 * time.Second

type options struct {
	timeout   time.Duration
	transport credentials.TransportCredentials
	token     string
	dial      []grpc.DialOption
}

// Option changes how Connect connects.
type Option func(*options)

// WithTimeout changes DefaultTimeout.
func WithTimeout(timeout time.Duration) Option {
	return func(o *options) { o.timeout = timeout }
}

// WithTLS uses TLS. Without it, the connection is plain text, which is meant for loopback.
func WithTLS(config *tls.Config) Option {
	return func(o *options) { o.transport = credentials.NewTLS(config) }
}

// WithToken sends `authorization: Bearer TOKEN` with every call: the token of the operator, or of
// a session.
func WithToken(token string) Option {
	return func(o *options) { o.token = token }
}

// WithDialOptions passes further options to grpc-go.
func WithDialOptions(dial ...grpc.DialOption) Option {
	return func(o *options) { o.dial = append(o.dial, dial...) }
}

// Connect makes a connection for all services of the contract. The first call opens it, so a
// server that does not respond is an error of that call.
func Connect(target string, with ...Option) (*grpc.ClientConn, error) {
	options := options{timeout: DefaultTimeout, transport: insecure.NewCredentials()}
	for _, option := range with {
		option(&options)
	}
	config, err := serviceConfig(options.timeout)
	if err != nil {
		return nil, err
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(options.transport),
		grpc.WithDefaultServiceConfig(config),
		grpc.WithChainUnaryInterceptor(unaryErrors),
		grpc.WithChainStreamInterceptor(streamErrors),
	}
	if options.token != "" {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer(options.token)))
	}
	return grpc.NewClient(target, append(dial, options.dial...)...)
}

// bearer is a token. It is also sent over plain text: WithTLS is the caller's decision.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }
