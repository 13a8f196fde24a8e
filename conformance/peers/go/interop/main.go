// Executes the cells of the interoperability matrix with the Go client.
//
// Reads a JSON list of cells from standard input, makes their calls one after the other at the
// address of its argument, and prints what it observed, one line of JSON for each cell. --protocol is
// grpc, grpc-web, connect or connect-json; --ca is the authority of the server's certificate, for TLS.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"log"
	"os"

	"bindery.internal/peers/go/client"
)

// cell is one call: what to send, and how.
type cell struct {
	ID string `json:"id"`
	// Method is package.Service/Method.
	Method string `json:"method"`
	// Requests are the messages, encoded.
	Requests [][]byte `json:"requests"`
	// Metadata is text; the values of keys that end with -bin are base64.
	Metadata  map[string]string `json:"metadata"`
	TimeoutMS int               `json:"timeout_ms"`
	// CancelAfter cancels the call after so many responses, or at once if it is 0.
	CancelAfter *int `json:"cancel_after"`
	Gzip        bool `json:"gzip"`
	// Anonymous calls have no credential.
	Anonymous bool `json:"anonymous"`
}

// observation is what the client has seen of a call.
type observation struct {
	ID            string            `json:"id"`
	Code          string            `json:"code"`
	Message       string            `json:"message"`
	Reason        string            `json:"reason"`
	Violations    []string          `json:"violations"`
	RetryAfterMS  int64             `json:"retry_after_ms"`
	Responses     []json.RawMessage `json:"responses"`
	ResponseBytes [][]byte          `json:"response_bytes"`
	Headers       map[string]string `json:"headers"`
	Trailers      map[string]string `json:"trailers"`
}

func main() {
	protocol := flag.String("protocol", "grpc", "grpc, grpc-web, connect or connect-json")
	ca := flag.String("ca", "", "a file with the authority of the server's certificate; without it, plain text")
	flag.Parse()
	var cells []cell
	if err := json.NewDecoder(os.Stdin).Decode(&cells); err != nil {
		log.Fatal(err)
	}
	callers := map[bool]caller{}
	for anonymous, token := range map[bool]string{true: "", false: os.Getenv("INTEROP_TOKEN")} {
		caller, err := newCaller(*protocol, flag.Arg(0), trusting(*ca), token)
		if err != nil {
			log.Fatal(err)
		}
		callers[anonymous] = caller
	}
	output := json.NewEncoder(os.Stdout)
	for _, cell := range cells {
		if err := output.Encode(execute(callers[cell.Anonymous], cell)); err != nil {
			log.Fatal(err)
		}
	}
}

// trusting is nil without an authority: then the connection is plain text.
func trusting(ca string) *tls.Config {
	if ca == "" {
		return nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		log.Fatal(err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		log.Fatalf("%s contains no certificate", ca)
	}
	return &tls.Config{RootCAs: authorities}
}

func newCaller(protocol, address string, tls *tls.Config, token string) (caller, error) {
	if protocol != "grpc" {
		return newConnectCaller(protocol, address, tls, token)
	}
	options := []client.Option{client.WithToken(token)}
	if tls != nil {
		options = append(options, client.WithTLS(tls))
	}
	connection, err := client.Connect(address, options...)
	return grpcCaller{connection}, err
}
