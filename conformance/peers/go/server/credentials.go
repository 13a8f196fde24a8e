package main

import (
	"context"
	"crypto/subtle"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	proofreadv1 "bindery.internal/gen/go/proofread/v1"
)

// credentials refuses calls without the operator token, for the methods for which the contract
// asks for it by (proofread.v1.access).
type credentials struct {
	operatorToken string
}

func (c credentials) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := c.check(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (c credentials) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := c.check(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(server, stream)
}

func (c credentials) check(ctx context.Context, fullMethod string) error {
	if !isRestricted(fullMethod) {
		return nil
	}
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) == 0 {
		return declaredError(codes.Unauthenticated, "CREDENTIAL_MISSING",
			"the call has no operator token; send it in the metadata as authorization: Bearer TOKEN")
	}
	token, _ := strings.CutPrefix(values[0], "Bearer ")
	if len(values) > 1 || subtle.ConstantTimeCompare([]byte(token), []byte(c.operatorToken)) != 1 {
		return declaredError(codes.PermissionDenied, "CREDENTIAL_REFUSED", "the credential is not the operator token")
	}
	return nil
}

// isRestricted tells whether only some callers may call the method `/package.Service/Method`.
func isRestricted(fullMethod string) bool {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
	method, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return false // Health and reflection are open to anybody.
	}
	access, _ := proto.GetExtension(method.Options(), proofreadv1.E_Access).([]*proofreadv1.Access)
	return len(access) > 0
}
