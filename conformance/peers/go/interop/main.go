// Executes the cells of the interoperability matrix with the Go client.
//
// Reads a JSON list of cells from standard input, makes their calls one after the other at the
// address of its argument, and prints what it observed, one line of JSON for each cell.
package main

import (
	"encoding/json"
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
	var cells []cell
	if err := json.NewDecoder(os.Stdin).Decode(&cells); err != nil {
		log.Fatal(err)
	}
	connection, err := client.Connect(os.Args[1], client.WithToken(os.Getenv("INTEROP_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	output := json.NewEncoder(os.Stdout)
	for _, cell := range cells {
		if err := output.Encode(execute(connection, cell)); err != nil {
			log.Fatal(err)
		}
	}
}
