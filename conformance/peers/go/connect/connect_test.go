// Package connect calls the running bookstore with connect-go and with buf curl: in the protocols
// Connect, gRPC and gRPC-Web, with binary messages and JSON, over HTTP/1.1 and HTTP/2. It gets the
// address in BINDERY_GRPC and the token of the operator in BINDERY_OPERATOR_TOKEN.
package connect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
	typev1 "bindery.internal/gen/go/bookstore/type/v1"
	"bindery.internal/peers/go/inventoryv1connect"
)

const (
	unknownBook = 999_999_999
	// The longest time of one call; a stream that never ends fails a test by it.
	callTimeout = 20 * time.Second
)

// variant is a way to call the same methods.
type variant struct {
	name    string
	options []connecthttp.Option
	http1   bool
	// The HTTP method of unary calls without side effects.
	reads string
}

func variants() []variant {
	protocols := []variant{
		{"Connect", nil, false, http.MethodPost},
		{"Connect by GET", []connecthttp.Option{connecthttp.WithHTTPGet()}, false, http.MethodGet},
		{"gRPC-Web", []connecthttp.Option{connecthttp.WithGRPCWeb()}, false, http.MethodPost},
		{"gRPC", []connecthttp.Option{connecthttp.WithGRPC()}, false, http.MethodPost},
	}
	var all []variant
	for _, protocol := range protocols {
		protocol.name += " over HTTP/2"
		all = append(all, protocol)
	}
	for _, protocol := range protocols[:3] {
		protocol.name += " over HTTP/1.1"
		protocol.http1 = true
		all = append(all, protocol)
	}
	for _, protocol := range all[:2] {
		// The servers have JSON in Connect only.
		protocol.options = append(protocol.options[:len(protocol.options):len(protocol.options)], connecthttp.WithProtoJSON())
		protocol.name = "JSON in " + protocol.name
		all = append(all, protocol)
	}
	return all
}

// recorder keeps the HTTP methods of all requests.
type recorder struct {
	http.RoundTripper
	mutex   sync.Mutex
	methods []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mutex.Lock()
	r.methods = append(r.methods, request.Method)
	r.mutex.Unlock()
	return r.RoundTripper.RoundTrip(request)
}

func (v variant) client(t *testing.T, more ...connecthttp.Option) (inventoryv1connect.InventoryServiceClient, *recorder) {
	t.Helper()
	address := os.Getenv("BINDERY_GRPC")
	if address == "" {
		t.Fatal("BINDERY_GRPC is not set: run `just peers go`, which starts a bookstore")
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(v.http1)
	protocols.SetUnencryptedHTTP2(!v.http1)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	recorder := &recorder{RoundTripper: transport}
	options := append(v.options[:len(v.options):len(v.options)], more...)
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: recorder}, "http://"+address, options...))
	return inventoryv1connect.NewInventoryServiceClient(client), recorder
}

func each(t *testing.T, test func(t *testing.T, ctx context.Context, v variant)) {
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			defer cancel()
			test(t, ctx, v)
		})
	}
}

func TestUnaryCallIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, recorder := v.client(t)
		found, err := inventory.GetBook(ctx, &inventoryv1.GetBookRequest{BookId: 1})
		if err != nil {
			t.Fatal(err)
		}
		if title := found.GetBook().GetTitle(); title != "The Maltese Falcon" {
			t.Errorf("book 1 has the title %q", title)
		}
		if got := recorder.methods; len(got) != 1 || got[0] != v.reads {
			t.Errorf("the call was made by %v instead of %s", got, v.reads)
		}
	})
}

// code returns the code of an error of the server.
func code(t *testing.T, err error) connect.Code {
	t.Helper()
	var refused *connect.Error
	if !errors.As(err, &refused) || !refused.IsRemote() {
		t.Fatalf("this is no error of the server: %v", err)
	}
	return refused.Code()
}

// detail finds the detail of a type.
func detail[M proto.Message](t *testing.T, err error) M {
	t.Helper()
	var refused *connect.Error
	errors.As(err, &refused)
	for _, detail := range refused.Details() {
		message, err := connectproto.UnmarshalErrorDetail(detail)
		if err != nil {
			t.Fatal(err)
		}
		if found, ok := message.(M); ok {
			return found
		}
	}
	t.Fatalf("no detail of the type in %v", err)
	panic("unreachable")
}

func TestErrorsHaveTheirDetails(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, _ := v.client(t)
		_, err := inventory.GetBook(ctx, &inventoryv1.GetBookRequest{BookId: unknownBook})
		if got := code(t, err); got != connect.CodeNotFound {
			t.Errorf("an unknown book is %v", got)
		}
		if reason := detail[*errdetails.ErrorInfo](t, err).GetReason(); reason != "BOOK_NOT_FOUND" {
			t.Errorf("the reason is %q", reason)
		}
		_, err = inventory.GetBook(ctx, &inventoryv1.GetBookRequest{})
		if got := code(t, err); got != connect.CodeInvalidArgument {
			t.Errorf("an unset field is %v", got)
		}
		violations := detail[*validate.Violations](t, err).GetViolations()
		if field := violations[0].GetField().GetElements()[0].GetFieldName(); field != "book_id" {
			t.Errorf("the violation is in %q", field)
		}
		_, err = inventory.SetStock(ctx, &inventoryv1.SetStockRequest{BookId: 1, OnHand: proto.Int32(1)})
		if got := code(t, err); got != connect.CodeUnauthenticated {
			t.Errorf("a call without its credential is %v", got)
		}
	})
}

func TestServerStreamIsReceivedAndCancelled(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, _ := v.client(t)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		levels, err := inventory.WatchStock(ctx, &inventoryv1.WatchStockRequest{BookIds: []int32{1}})
		if err != nil {
			t.Fatal(err)
		}
		first, err := levels.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if book := first.GetLevel().GetBookId(); book != 1 {
			t.Errorf("the level is that of book %d", book)
		}
		cancel()
		_, err = levels.Receive()
		if got := connect.CodeOf(err); got != connect.CodeCanceled {
			t.Errorf("a cancelled stream ends with %v: %v", got, err)
		}
		_ = levels.Close()
	})
}

func TestServerStreamThatIsRefusedHasItsDetails(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, _ := v.client(t)
		levels, err := inventory.WatchStock(ctx, &inventoryv1.WatchStockRequest{})
		if err == nil {
			defer levels.Close()
			_, err = levels.Receive()
		}
		if got := code(t, err); got != connect.CodeInvalidArgument {
			t.Errorf("an unset field is %v", got)
		}
		if count := len(detail[*validate.Violations](t, err).GetViolations()); count != 1 {
			t.Errorf("%d violations", count)
		}
	})
}

// nextBook numbers the books that the tests import.
var nextBook atomic.Int32

func TestClientStreamIsSent(t *testing.T) {
	nextBook.CompareAndSwap(0, 910_000_000)
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, _ := v.client(t)
		ctx, call := connect.NewClientContext(ctx)
		call.RequestHeader().Set("authorization", "Bearer "+os.Getenv("BINDERY_OPERATOR_TOKEN"))
		books, err := inventory.ImportBooks(ctx)
		if err != nil {
			t.Fatal(err)
		}
		const count = 3
		for range count {
			book := nextBook.Add(1)
			message := &inventoryv1.ImportBooksRequest{Books: []*inventoryv1.BookImport{{
				Book: &inventoryv1.Book{
					BookId: book, Title: fmt.Sprint("Stream ", book), Authors: []string{"Connect"},
					Category: inventoryv1.BookCategory_BOOK_CATEGORY_MYSTERY,
					Price:    &typev1.Money{CurrencyCode: "USD", AmountMinor: proto.Int64(1)},
				},
				OnHand: proto.Int32(0),
			}}}
			if err := books.Send(message); err != nil {
				t.Fatal(err)
			}
		}
		imported, err := books.CloseAndReceive()
		if err != nil {
			t.Fatal(err)
		}
		if created := imported.GetCreated(); created != count {
			t.Errorf("%d books were created instead of %d", created, count)
		}
	})
}

func TestCompressedRequestIsReadInConnectAndRefusedInGrpc(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, _ := v.client(t, connecthttp.WithSendGzip())
		found, err := inventory.GetBook(ctx, &inventoryv1.GetBookRequest{BookId: 1})
		if strings.Contains(v.name, "gRPC") {
			if got := code(t, err); got != connect.CodeUnimplemented {
				t.Errorf("a compressed message is %v", got)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if found.GetBook().GetBookId() != 1 {
			t.Errorf("the answer is %v", found)
		}
	})
}

func TestDeadlinePassesAtTheServer(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		inventory, _ := v.client(t)
		ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		levels, err := inventory.WatchStock(ctx, &inventoryv1.WatchStockRequest{BookIds: []int32{1}})
		for err == nil {
			_, err = levels.Receive()
		}
		if got := connect.CodeOf(err); got != connect.CodeDeadlineExceeded {
			t.Errorf("a stream whose deadline passes ends with %v: %v", got, err)
		}
	})
}

func TestAnswerThatTheClientHasIsNotSentAgain(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, v variant) {
		if v.reads != http.MethodGet {
			return
		}
		inventory, _ := v.client(t)
		ctx, call := connect.NewClientContext(ctx)
		if _, err := inventory.GetBook(ctx, &inventoryv1.GetBookRequest{BookId: 1}); err != nil {
			t.Fatal(err)
		}
		tag := call.ResponseHeader().Get("etag")
		ctx, call = connect.NewClientContext(context.Background())
		call.RequestHeader().Set("if-none-match", tag)
		_, err := inventory.GetBook(ctx, &inventoryv1.GetBookRequest{BookId: 1})
		if !connecthttp.IsNotModifiedError(err) {
			t.Errorf("the answer with the tag %q was sent again: %v", tag, err)
		}
	})
}
