package main

import (
	"context"
	"errors"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// validation refuses requests that break a rule of the contract, before a handler gets them. In a
// stream of requests, each message is validated when the handler reads it.
type validation struct {
	validator protovalidate.Validator
	// ignoredRule is not checked, so that a test can see that proofread notices it.
	ignoredRule string
}

func (v validation) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := v.check(request); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (v validation) stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return handler(server, validatingStream{stream, v})
}

type validatingStream struct {
	grpc.ServerStream
	validation validation
}

func (s validatingStream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	return s.validation.check(message)
}

func (v validation) check(request any) error {
	message, ok := request.(proto.Message)
	if !ok {
		return status.Error(codes.Internal, "the request is no protobuf message")
	}
	err := v.validator.Validate(message)
	if err == nil {
		return nil
	}
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		return status.Error(codes.Internal, "the request could not be validated")
	}
	var violations []*validate.Violation
	for _, violation := range invalid.Violations {
		if v.ignoredRule == "" || violation.Proto.GetRuleId() != v.ignoredRule {
			violations = append(violations, violation.Proto)
		}
	}
	if len(violations) == 0 {
		return nil
	}
	return violationsError(violations)
}
