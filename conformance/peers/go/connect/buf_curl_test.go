package connect

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// bufCurl calls a method as a person would, and returns what is printed.
func bufCurl(t *testing.T, method, message string, flags ...string) (output string, failure string) {
	t.Helper()
	arguments := append([]string{"curl", "--data", message}, flags...)
	command := exec.Command("../../../../tools/node_modules/.bin/buf", append(arguments, "http://"+os.Getenv("BINDERY_GRPC")+"/"+method)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && stderr.Len() == 0 {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String()
}

var curlVariants = map[string][]string{
	// The contract is read by reflection, which needs HTTP/2.
	"Connect with reflection":         {"--protocol", "connect", "--http2-prior-knowledge"},
	"gRPC with reflection":            {"--protocol", "grpc", "--http2-prior-knowledge"},
	"gRPC-Web with reflection":        {"--protocol", "grpcweb", "--http2-prior-knowledge"},
	"Connect over HTTP/1.1 by image":  {"--protocol", "connect", "--schema", "../../../../gen/contract.binpb"},
	"gRPC-Web over HTTP/1.1 by image": {"--protocol", "grpcweb", "--schema", "../../../../gen/contract.binpb"},
}

func TestBufCurlCallsEveryProtocol(t *testing.T) {
	for name, flags := range curlVariants {
		t.Run(name, func(t *testing.T) {
			output, failure := bufCurl(t, "bookstore.inventory.v1.InventoryService/GetBook", `{"book_id": 1}`, flags...)
			var found struct{ Book struct{ Title string } }
			if err := json.Unmarshal([]byte(output), &found); err != nil {
				t.Fatalf("%v: %s%s", err, output, failure)
			}
			if found.Book.Title != "The Maltese Falcon" {
				t.Errorf("the answer is %s", output)
			}
			_, failure = bufCurl(t, "bookstore.inventory.v1.InventoryService/GetBook", `{}`, flags...)
			for _, part := range []string{`"invalid_argument"`, `"buf.validate.Violations"`, `"bookId"`} {
				if !strings.Contains(strings.ReplaceAll(failure, "book_id", "bookId"), strings.Trim(part, `"`)) {
					t.Errorf("the error does not have %s: %s", part, failure)
				}
			}
		})
	}
}

func TestBufCurlListsTheServices(t *testing.T) {
	command := exec.Command("../../../../tools/node_modules/.bin/buf", "curl", "--http2-prior-knowledge", "--list-services", "http://"+os.Getenv("BINDERY_GRPC"))
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "bookstore.inventory.v1.InventoryService\n") {
		t.Errorf("%v: %s", err, output)
	}
}
