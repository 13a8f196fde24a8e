package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is the error of a call. Get it from any error of a call with errors.As.
type Error struct {
	Code    codes.Code
	Message string
	// Reason is the reason that the contract declares, such as BOOK_NOT_FOUND. Empty if the error
	// has none, as those of the transport.
	Reason string
	// Metadata belongs to the reason, such as the book_id of BOOK_NOT_FOUND.
	Metadata map[string]string
	// Violations are the rules of the contract that the request breaks.
	Violations []Violation
	// RetryAfter is how long the server asks to wait before a retry. Zero: it does not say.
	RetryAfter time.Duration

	status *status.Status
}

// Violation is a rule of the contract that the request breaks.
type Violation struct {
	// Field is the path of the field, such as `books[0].book.title`.
	Field string
	// Rule is the id of the rule, such as `string.min_len`.
	Rule    string
	Message string
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s (%s): %s", e.Code, e.Reason, e.Message)
}

// GRPCStatus lets status.FromError and status.Code work with an Error.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// newError decodes the details of an error. io.EOF ends a stream and stays what it is.
func newError(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	from, ok := status.FromError(err)
	if !ok {
		return err
	}
	return FromStatus(from)
}

// FromStatus decodes the details of a status.
func FromStatus(from *status.Status) *Error {
	decoded := &Error{Code: from.Code(), Message: from.Message(), status: from}
	for _, detail := range from.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			decoded.Reason, decoded.Metadata = detail.GetReason(), detail.GetMetadata()
		case *errdetails.RetryInfo:
			decoded.RetryAfter = detail.GetRetryDelay().AsDuration()
		case *validate.Violations:
			for _, violation := range detail.GetViolations() {
				decoded.Violations = append(decoded.Violations, Violation{
					Field:   protovalidate.FieldPathString(violation.GetField()),
					Rule:    violation.GetRuleId(),
					Message: violation.GetMessage(),
				})
			}
		}
	}
	return decoded
}

func unaryErrors(ctx context.Context, method string, request, response any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return newError(invoke(ctx, method, request, response, connection, options...))
}

func streamErrors(ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, description, connection, method, options...)
	if err != nil {
		return nil, newError(err)
	}
	return errorStream{stream}, nil
}

type errorStream struct {
	grpc.ClientStream
}

func (s errorStream) SendMsg(message any) error {
	return newError(s.ClientStream.SendMsg(message))
}

func (s errorStream) RecvMsg(message any) error {
	return newError(s.ClientStream.RecvMsg(message))
}
