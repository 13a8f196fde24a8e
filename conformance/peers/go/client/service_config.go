package client

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The packages of the contract. Other services that the program links keep grpc-go's defaults.
const contractPrefix = "bookstore."

type config struct {
	MethodConfig []methodConfig `json:"methodConfig"`
	// While most calls fail, retries would only add load.
	RetryThrottling retryThrottling `json:"retryThrottling"`
}

type methodConfig struct {
	Name        []methodName `json:"name"`
	Timeout     string       `json:"timeout,omitempty"`
	RetryPolicy *retryPolicy `json:"retryPolicy,omitempty"`
}

type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method"`
}

type retryPolicy struct {
	MaxAttempts          int      `json:"maxAttempts"`
	InitialBackoff       string   `json:"initialBackoff"`
	MaxBackoff           string   `json:"maxBackoff"`
	BackoffMultiplier    float64  `json:"backoffMultiplier"`
	RetryableStatusCodes []string `json:"retryableStatusCodes"`
}

type retryThrottling struct {
	MaxTokens  float64 `json:"maxTokens"`
	TokenRatio float64 `json:"tokenRatio"`
}

// serviceConfig reads from the contract which methods may be retried, for all services that the
// program has imported. A unary method gets the timeout; a stream may last as long as it wants.
func serviceConfig(timeout time.Duration) (string, error) {
	config := config{RetryThrottling: retryThrottling{MaxTokens: 10, TokenRatio: 0.2}}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package())+".", contractPrefix) {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				config.MethodConfig = append(config.MethodConfig, configOf(service, service.Methods().Get(j), timeout))
			}
		}
		return true
	})
	text, err := json.Marshal(config)
	return string(text), err
}

func configOf(service protoreflect.ServiceDescriptor, method protoreflect.MethodDescriptor, timeout time.Duration) methodConfig {
	config := methodConfig{Name: []methodName{{Service: string(service.FullName()), Method: string(method.Name())}}}
	if !method.IsStreamingClient() && !method.IsStreamingServer() {
		config.Timeout = fmt.Sprintf("%.3fs", timeout.Seconds())
	}
	options, _ := method.Options().(*descriptorpb.MethodOptions)
	if options.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
		config.RetryPolicy = &retryPolicy{
			MaxAttempts:          4,
			InitialBackoff:       "0.05s",
			MaxBackoff:           "1s",
			BackoffMultiplier:    2,
			RetryableStatusCodes: []string{"UNAVAILABLE"},
		}
	}
	return config
}
