package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/protoadapt"

	interopv1 "bindery.internal/peers/go/interopv1"
)

// Only metadata with this prefix is returned: everything else belongs to the transport.
const metadataPrefix = "interop-"

// interopService is the test contract, with methods of all four kinds.
type interopService struct {
	interopv1.UnimplementedInteropServiceServer
}

func (*interopService) Echo(_ context.Context, request *interopv1.EchoRequest) (*interopv1.EchoResponse, error) {
	seen, err := protojson.Marshal(request)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "the request has no JSON form: %v", err)
	}
	return &interopv1.EchoResponse{Values: request.GetValues(), SeenJson: string(seen)}, nil
}

func (*interopService) EchoMetadata(ctx context.Context, _ *interopv1.EchoMetadataRequest) (*interopv1.EchoMetadataResponse, error) {
	response := &interopv1.EchoMetadataResponse{Text: map[string]string{}, Binary: map[string][]byte{}}
	incoming, _ := metadata.FromIncomingContext(ctx)
	header, trailer := metadata.MD{}, metadata.MD{}
	for key, values := range incoming {
		if !strings.HasPrefix(key, metadataPrefix) {
			continue
		}
		if strings.HasSuffix(key, "-bin") {
			response.Binary[key] = []byte(values[0])
		} else {
			response.Text[key] = strings.Join(values, ",")
		}
		header.Append(key, values...)
		trailer.Append("trailer-"+key, values...)
	}
	if err := errors.Join(grpc.SetHeader(ctx, header), grpc.SetTrailer(ctx, trailer)); err != nil {
		return nil, status.Error(codes.Internal, "the metadata cannot be sent")
	}
	return response, nil
}

func (*interopService) Fail(_ context.Context, request *interopv1.FailRequest) (*interopv1.FailResponse, error) {
	var details []protoadapt.MessageV1
	if request.GetReason() != "" {
		details = append(details, &errdetails.ErrorInfo{Reason: request.GetReason(), Domain: "interop"})
	}
	if request.RetryDelay != nil {
		details = append(details, &errdetails.RetryInfo{RetryDelay: request.GetRetryDelay()})
	}
	return nil, withDetails(status.New(codes.Code(request.GetCode()), request.GetMessage()), details...).Err()
}

func (*interopService) Wait(ctx context.Context, request *interopv1.WaitRequest) (*interopv1.WaitResponse, error) {
	timer := time.NewTimer(request.GetDelay().AsDuration())
	defer timer.Stop()
	select {
	case <-timer.C:
		return &interopv1.WaitResponse{}, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (*interopService) Download(request *interopv1.DownloadRequest, stream grpc.ServerStreamingServer[interopv1.DownloadResponse]) error {
	data := make([]byte, request.GetSize())
	for number := range request.GetCount() {
		if request.FailAfter != nil && number >= request.GetFailAfter() {
			return declaredError(codes.Aborted, "DOWNLOAD_ABORTED", "the stream fails as requested")
		}
		if err := stream.Send(&interopv1.DownloadResponse{Number: number, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

func (*interopService) Upload(stream grpc.ClientStreamingServer[interopv1.UploadRequest, interopv1.UploadResponse]) error {
	response := &interopv1.UploadResponse{}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(response)
		}
		if err != nil {
			return err
		}
		response.Count++
		response.Size += int64(len(request.GetData()))
	}
}

func (*interopService) Converse(stream grpc.BidiStreamingServer[interopv1.ConverseRequest, interopv1.ConverseResponse]) error {
	for number := int32(1); ; number++ {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&interopv1.ConverseResponse{Text: request.GetText(), Number: number}); err != nil {
			return err
		}
	}
}
