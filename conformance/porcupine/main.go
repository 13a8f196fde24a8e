// Command porcupine checks that a history of the stock of books is linearizable: that every answer
// is the one that a shop gives which handles one call at a time, in an order that agrees with time.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// A longer search is a failure: the history is too concurrent to be checked.
const timeLimit = 2 * time.Minute

// History is what conformance/crash/history.py and orders_history.py record. An order is a
// reservation that is released if the order fails.
type History struct {
	// The copies of each book at the start.
	Stock      map[int]int `json:"stock"`
	Operations []Operation `json:"operations"`
}

// linearizable checks the history of each book, and prints the result.
func (history History) linearizable(output io.Writer) bool {
	all := true
	for _, id := range slices.Sorted(maps.Keys(history.Stock)) {
		operations := ofBook(history.Operations, id)
		began := time.Now()
		result := porcupine.CheckOperationsTimeout(stockModel(history.Stock[id]), operations, timeLimit)
		fmt.Fprintf(output, "book %d: %d operations, %s in %s\n", id, len(operations), result, time.Since(began).Round(time.Millisecond))
		all = all && result == porcupine.Ok
	}
	return all
}

// How many operations are falsified, one at a time.
const falsifications = 24

// falsified returns the history with another answer of one operation.
func (history History) falsified(index int) History {
	history.Operations = slices.Clone(history.Operations)
	operation := &history.Operations[index]
	if strings.HasPrefix(operation.Kind, "read") {
		operation.OnHand++
	} else {
		operation.Refused = !operation.Refused
	}
	return history
}

// refusesFalsified falsifies operations of a kind, one at a time, and prints how many of these
// histories are refused. Some are not: with calls at the same time, another answer may be right too.
func (history History) refusesFalsified(kind string) bool {
	var indexes []int
	for index, operation := range history.Operations {
		if operation.Kind == kind {
			indexes = append(indexes, index)
		}
	}
	tried, refused := 0, 0
	for at := 0; at < len(indexes); at += max(1, len(indexes)/falsifications) {
		tried++
		if !history.falsified(indexes[at]).linearizable(io.Discard) {
			refused++
		}
	}
	fmt.Printf("%d of %d falsified answers of %q are refused\n", refused, tried, kind)
	return refused > 0 && 2*refused >= tried
}

func main() {
	log.SetFlags(0)
	falsified := flag.String("falsify", "", "change answers of this kind of operation, one at a time; at least half of these histories must be refused")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: porcupine [-falsify KIND] FILE")
	}
	content, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	var history History
	if err := json.Unmarshal(content, &history); err != nil {
		log.Fatalf("%s: %v", flag.Arg(0), err)
	}
	passed := false
	if *falsified != "" {
		passed = history.refusesFalsified(*falsified)
	} else {
		passed = history.linearizable(os.Stdout)
	}
	if !passed {
		log.Fatal("FAILED")
	}
}
