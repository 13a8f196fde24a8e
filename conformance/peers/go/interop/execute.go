package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// The types of the methods.
	_ "bindery.internal/gen/go/bookstore/inventory/v1"
	_ "bindery.internal/gen/go/bookstore/recommendations/v1"
	"bindery.internal/peers/go/client"
	_ "bindery.internal/peers/go/interopv1"
)

func execute(caller caller, cell cell) observation {
	timeout := time.Minute
	if cell.TimeoutMS > 0 {
		timeout = time.Duration(cell.TimeoutMS) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	call := call{cell: cell, method: methodOf(cell.Method), cancel: cancel}
	err := call.run(outgoing(ctx, cell.Metadata), caller)
	call.seen.ID, call.seen.Code = cell.ID, "OK"
	call.seen.Headers, call.seen.Trailers = visible(call.header), visible(call.trailer)
	var failed *client.Error
	if errors.As(err, &failed) {
		call.seen.Code = codeName(failed.Code)
		call.seen.Message, call.seen.Reason = failed.Message, failed.Reason
		call.seen.RetryAfterMS = failed.RetryAfter.Milliseconds()
		for _, violation := range failed.Violations {
			call.seen.Violations = append(call.seen.Violations, violation.Field+" "+violation.Rule)
		}
	} else if err != nil {
		call.seen.Code, call.seen.Message = "not a status", err.Error()
	}
	return call.seen
}

// call is a call of any kind. Methods are called by their descriptors, so that every cell has the
// same form.
type call struct {
	cell            cell
	method          protoreflect.MethodDescriptor
	cancel          context.CancelFunc
	header, trailer metadata.MD
	seen            observation
}

func (c *call) run(ctx context.Context, caller caller) error {
	if c.cell.CancelAfter != nil && *c.cell.CancelAfter == 0 {
		c.cancel()
	}
	if !c.method.IsStreamingClient() && !c.method.IsStreamingServer() {
		response := newMessage(c.method.Output())
		if err := caller.invoke(ctx, c, c.request(0), response); err != nil {
			return err
		}
		c.record(response)
		return nil
	}
	stream, err := caller.open(ctx, c)
	if err != nil {
		return err
	}
	for i := range c.cell.Requests {
		if err := stream.SendMsg(c.request(i)); err != nil {
			break // The reason comes with the answer.
		}
		// A conversation: the answer comes before the next question.
		if c.method.IsStreamingClient() && c.method.IsStreamingServer() {
			if err := c.receive(stream); err != nil {
				return end(err)
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		if err := c.receive(stream); err != nil {
			return end(err)
		}
	}
}

// end is nil for the regular end of a stream.
func end(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (c *call) receive(stream stream) error {
	response := newMessage(c.method.Output())
	if err := stream.RecvMsg(response); err != nil {
		return err
	}
	c.record(response)
	if c.cell.CancelAfter != nil && len(c.seen.Responses) == *c.cell.CancelAfter {
		c.cancel()
	}
	return nil
}

func (c *call) request(i int) proto.Message {
	request := newMessage(c.method.Input())
	if err := proto.Unmarshal(c.cell.Requests[i], request); err != nil {
		log.Fatalf("%s: %v", c.cell.ID, err)
	}
	return request
}

func (c *call) record(response proto.Message) {
	text, err := protojson.Marshal(response)
	if err != nil {
		text = fmt.Appendf(nil, "%q", err.Error())
	}
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(response)
	if err != nil {
		log.Fatalf("%s: %v", c.cell.ID, err)
	}
	c.seen.Responses = append(c.seen.Responses, text)
	c.seen.ResponseBytes = append(c.seen.ResponseBytes, encoded)
}

func methodOf(path string) protoreflect.MethodDescriptor {
	name := protoreflect.FullName(strings.ReplaceAll(path, "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	return found.(protoreflect.MethodDescriptor)
}

func newMessage(descriptor protoreflect.MessageDescriptor) proto.Message {
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		log.Fatal(err)
	}
	return found.New().Interface()
}

func outgoing(ctx context.Context, values map[string]string) context.Context {
	for key, value := range values {
		if strings.HasSuffix(key, "-bin") {
			decoded, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				log.Fatal(err)
			}
			value = string(decoded)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, key, value)
	}
	return ctx
}

// visible keeps the metadata of the test contract.
func visible(values metadata.MD) map[string]string {
	kept := map[string]string{}
	for key, value := range values {
		switch {
		case !strings.Contains(key, "interop-"):
		case strings.HasSuffix(key, "-bin"):
			kept[key] = base64.StdEncoding.EncodeToString([]byte(value[0]))
		default:
			kept[key] = strings.Join(value, ",")
		}
	}
	return kept
}

// codeName is the name in the documentation of gRPC, such as NOT_FOUND: grpc-go has another form.
func codeName(code codes.Code) string {
	names := [...]string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
		"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}
	return names[code]
}
