package main

import (
	"fmt"
	"strings"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// errorDomain is the domain in google.rpc.ErrorInfo.
const errorDomain = "bookstore"

// maxStatusBytes is the maximum size of google.rpc.Status. In base64 it is 4/3 as large, and
// proxies refuse trailers above 8 KiB.
const maxStatusBytes = 4000

// declaredError returns an error that the contract declares. The metadata are pairs of a key and
// a value.
func declaredError(code codes.Code, reason, message string, metadata ...string) error {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: errorDomain}
	for i := 0; i+1 < len(metadata); i += 2 {
		if info.Metadata == nil {
			info.Metadata = map[string]string{}
		}
		info.Metadata[metadata[i]] = metadata[i+1]
	}
	return withDetails(status.New(code, message), info).Err()
}

// violationsError returns INVALID_ARGUMENT with the violations in both forms that client
// libraries know. It leaves violations out if the status would be too large, and says how many.
func violationsError(violations []*validate.Violation) error {
	for listed := len(violations); ; listed -= max(listed/4, 1) {
		refusal := listedViolations(violations[:listed], len(violations)-listed)
		if listed == 1 || proto.Size(refusal.Proto()) <= maxStatusBytes {
			return refusal.Err()
		}
	}
}

func listedViolations(violations []*validate.Violation, leftOut int) *status.Status {
	badRequest := &errdetails.BadRequest{}
	for _, violation := range violations {
		badRequest.FieldViolations = append(badRequest.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field:       protovalidate.FieldPathString(violation.GetField()),
			Description: violation.GetMessage(),
			Reason:      reason(violation.GetRuleId()),
		})
	}
	first := badRequest.FieldViolations[0]
	message := fmt.Sprintf("%s: %s", first.GetField(), first.GetDescription())
	message = strings.ToValidUTF8(message[:min(len(message), 200)], "")
	if leftOut > 0 {
		message += fmt.Sprintf(" (%d more are not listed)", leftOut)
	}
	return withDetails(status.New(codes.InvalidArgument, message), &validate.Violations{Violations: violations}, badRequest)
}

// reason writes a rule id as Google's guidelines write reasons: `string.min_len` as STRING_MIN_LEN.
func reason(ruleID string) string {
	return strings.Map(func(char rune) rune {
		switch {
		case 'a' <= char && char <= 'z':
			return char - 'a' + 'A'
		case 'A' <= char && char <= 'Z', '0' <= char && char <= '9':
			return char
		default:
			return '_'
		}
	}, ruleID)
}

// withDetails adds details. A detail that cannot be encoded is left out: the code matters more.
func withDetails(bare *status.Status, details ...protoadapt.MessageV1) *status.Status {
	detailed, err := bare.WithDetails(details...)
	if err != nil {
		return bare
	}
	return detailed
}
