package client

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
)

// fakeInventory counts its calls and answers as a test wants.
type fakeInventory struct {
	inventoryv1.UnimplementedInventoryServiceServer
	calls  atomic.Int32
	answer func(ctx context.Context, call int32) error
}

func (f *fakeInventory) GetBook(ctx context.Context, _ *inventoryv1.GetBookRequest) (*inventoryv1.GetBookResponse, error) {
	return &inventoryv1.GetBookResponse{}, f.answer(ctx, f.calls.Add(1))
}

func serve(t *testing.T, fake *fakeInventory, with ...Option) inventoryv1.InventoryServiceClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	inventoryv1.RegisterInventoryServiceServer(server, fake)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	connection, err := Connect(listener.Addr().String(), with...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return inventoryv1.NewInventoryServiceClient(connection)
}

func TestIdempotentCallIsRetried(t *testing.T) {
	fake := &fakeInventory{answer: func(_ context.Context, call int32) error {
		if call < 3 {
			return status.Error(codes.Unavailable, "starting")
		}
		return nil
	}}
	inventory := serve(t, fake)
	if _, err := inventory.GetBook(context.Background(), &inventoryv1.GetBookRequest{}); err != nil {
		t.Fatal(err)
	}
	if calls := fake.calls.Load(); calls != 3 {
		t.Errorf("the server got %d calls instead of 3", calls)
	}
}

func TestRefusalIsNotRetriedAndHasItsDetails(t *testing.T) {
	fake := &fakeInventory{answer: func(context.Context, int32) error {
		refusal, err := status.New(codes.InvalidArgument, "no").WithDetails(
			&errdetails.ErrorInfo{Reason: "SOME_REASON", Metadata: map[string]string{"book_id": "7"}},
			&errdetails.RetryInfo{RetryDelay: durationpb.New(1500e6)},
			&validate.Violations{Violations: []*validate.Violation{{
				Field: &validate.FieldPath{Elements: []*validate.FieldPathElement{{
					FieldName: proto.String("books"),
					Subscript: &validate.FieldPathElement_Index{Index: 2},
				}}},
				RuleId: proto.String("int32.gte"),
			}}},
		)
		if err != nil {
			return err
		}
		return refusal.Err()
	}}
	_, err := serve(t, fake).GetBook(context.Background(), &inventoryv1.GetBookRequest{})
	var failed *Error
	if !errors.As(err, &failed) {
		t.Fatalf("%v is no Error", err)
	}
	if failed.Code != codes.InvalidArgument || failed.Reason != "SOME_REASON" || failed.Metadata["book_id"] != "7" {
		t.Errorf("%+v", failed)
	}
	if failed.RetryAfter.Milliseconds() != 1500 {
		t.Errorf("retry after %v", failed.RetryAfter)
	}
	if want := []Violation{{Field: "books[2]", Rule: "int32.gte"}}; !slices.Equal(failed.Violations, want) {
		t.Errorf("%+v", failed.Violations)
	}
	if status.Code(err) != codes.InvalidArgument || fake.calls.Load() != 1 {
		t.Errorf("%v after %d calls", status.Code(err), fake.calls.Load())
	}
}

func TestCallWithoutADeadlineGetsOneAndTheToken(t *testing.T) {
	fake := &fakeInventory{answer: func(ctx context.Context, _ int32) error {
		if _, ok := ctx.Deadline(); !ok {
			return status.Error(codes.FailedPrecondition, "the call has no deadline")
		}
		if values := metadata.ValueFromIncomingContext(ctx, "authorization"); !slices.Equal(values, []string{"Bearer secret"}) {
			return status.Errorf(codes.Unauthenticated, "%q", values)
		}
		return nil
	}}
	if _, err := serve(t, fake, WithToken("secret")).GetBook(context.Background(), &inventoryv1.GetBookRequest{}); err != nil {
		t.Fatal(err)
	}
}

func TestStreamHasNoDefaultDeadline(t *testing.T) {
	config, err := serviceConfig(DefaultTimeout)
	if err != nil {
		t.Fatal(err)
	}
	watch := `{"name":[{"service":"bookstore.inventory.v1.InventoryService","method":"WatchStock"}],"retryPolicy"`
	if !strings.Contains(config, watch) {
		t.Error(config)
	}
}
