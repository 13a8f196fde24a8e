package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"bindery.internal/peers/go/client"
)

// connectCaller makes calls by gRPC-Web or Connect, with connect-go over HTTP/2.
type connectCaller struct {
	// By whether requests are compressed.
	clients map[bool]*connect.Client
	token   string
}

func newConnectCaller(protocol, address string, tls *tls.Config, token string) (caller, error) {
	var options []connecthttp.Option
	switch protocol {
	case "connect":
	case "connect-json":
		options = append(options, connecthttp.WithProtoJSON())
	case "grpc-web":
		options = append(options, connecthttp.WithGRPCWeb())
	default:
		return nil, fmt.Errorf("unknown protocol %q", protocol)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	httpClient := &http.Client{Transport: &http.Transport{Protocols: protocols, TLSClientConfig: tls}}
	url := "http://" + address
	if tls != nil {
		url = "https://" + address
	}
	return connectCaller{
		clients: map[bool]*connect.Client{
			false: connect.NewClient(connecthttp.NewTransport(httpClient, url, options...)),
			true:  connect.NewClient(connecthttp.NewTransport(httpClient, url, append(options, connecthttp.WithSendGzip())...)),
		},
		token: token,
	}, nil
}

func (cc connectCaller) invoke(ctx context.Context, c *call, request, response proto.Message) error {
	ctx, info := cc.prepare(ctx)
	err := cc.clients[c.cell.Gzip].CallUnary(ctx, spec(c), request, response)
	c.header, c.trailer = received(info.ResponseHeader()), received(info.ResponseTrailer())
	return callError(err)
}

func (cc connectCaller) open(ctx context.Context, c *call) (stream, error) {
	ctx, info := cc.prepare(ctx)
	opened, err := cc.clients[c.cell.Gzip].CallClientStream(ctx, spec(c))
	if err != nil {
		return nil, callError(err)
	}
	context.AfterFunc(ctx, func() { _ = opened.Close() })
	stream := &connectStream{ClientStream: opened, call: c, info: info}
	if c.method.IsStreamingClient() && !c.method.IsStreamingServer() {
		return &connectClientStream{connectStream: stream}, callError(opened.SendHeaders())
	}
	return stream, nil
}

// prepare adds the metadata and the token.
func (cc connectCaller) prepare(ctx context.Context) (context.Context, *connect.CallInfo) {
	sent, _ := metadata.FromOutgoingContext(ctx)
	ctx, info := connect.NewClientContext(ctx)
	for key, values := range sent {
		for _, value := range values {
			if strings.HasSuffix(key, "-bin") {
				value = connect.EncodeBinaryHeader([]byte(value))
			}
			info.RequestHeader().Add(key, value)
		}
	}
	if cc.token != "" {
		info.RequestHeader().Set("authorization", "Bearer "+cc.token)
	}
	return ctx, info
}

type connectStream struct {
	connect.ClientStream
	call *call
	info *connect.CallInfo
}

func (s *connectStream) SendMsg(message any) error { return callError(s.Send(message)) }

func (s *connectStream) RecvMsg(message any) error {
	err := s.Receive(message)
	if err != nil {
		s.call.header, s.call.trailer = received(s.info.ResponseHeader()), received(s.info.ResponseTrailer())
	}
	return callError(err)
}

// connectClientStream sends beside receiving. Send of connect-go 2.0.2 waits, also beyond the deadline,
// for a server that has answered and does not read the rest of the request, as connect-node 2.2.0 does.
type connectClientStream struct {
	*connectStream
	unsent []any
}

func (s *connectClientStream) SendMsg(message any) error {
	s.unsent = append(s.unsent, message)
	return nil
}

func (s *connectClientStream) CloseSend() error {
	go func() {
		for _, message := range s.unsent {
			if err := s.Send(message); err != nil {
				return // The reason comes with the answer.
			}
		}
		_ = s.connectStream.CloseSend()
	}()
	return nil
}

func spec(c *call) connect.Spec {
	spec := connect.Spec{Procedure: "/" + c.cell.Method, Schema: c.method}
	if c.method.IsStreamingClient() {
		spec.StreamType |= connect.StreamTypeClient
	}
	if c.method.IsStreamingServer() {
		spec.StreamType |= connect.StreamTypeServer
	}
	return spec
}

// received has binary values as bytes, as grpc-go has them.
func received(header *connect.Header) metadata.MD {
	values := metadata.MD{}
	for key, texts := range header.All() {
		key = strings.ToLower(key)
		for _, text := range texts {
			if strings.HasSuffix(key, "-bin") {
				decoded, err := connect.DecodeBinaryHeader(text)
				if err != nil {
					decoded = []byte(err.Error())
				}
				text = string(decoded)
			}
			values.Append(key, text)
		}
	}
	return values
}

// callError converts an error of connect-go. io.EOF ends a stream and stays what it is.
func callError(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	decoded := &statuspb.Status{Code: int32(connect.CodeOf(err)), Message: err.Error()}
	var refused *connect.Error
	switch {
	case errors.As(err, &refused):
		decoded.Message = refused.Message()
		for _, detail := range refused.Details() {
			decoded.Details = append(decoded.Details, connectproto.ErrorDetailToAny(detail))
		}
	case errors.Is(err, context.Canceled):
		decoded.Code = int32(codes.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		decoded.Code = int32(codes.DeadlineExceeded)
	}
	return client.FromStatus(status.FromProto(decoded))
}
