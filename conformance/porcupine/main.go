// Command porcupine checks that a history of the stock of books is linearizable: that every answer
// is the one that a shop gives which handles one call at a time, in an order that agrees with time.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
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
func (history History) linearizable() bool {
	all := true
	for _, id := range slices.Sorted(maps.Keys(history.Stock)) {
		operations := ofBook(history.Operations, id)
		began := time.Now()
		result := porcupine.CheckOperationsTimeout(stockModel(history.Stock[id]), operations, timeLimit)
		fmt.Printf("book %d: %d operations, %s in %s\n", id, len(operations), result, time.Since(began).Round(time.Millisecond))
		all = all && result == porcupine.Ok
	}
	return all
}

// falsify changes the answer of the middle operation of a kind.
func (history History) falsify(kind string) error {
	var indexes []int
	for index, operation := range history.Operations {
		if operation.Kind == kind {
			indexes = append(indexes, index)
		}
	}
	if len(indexes) == 0 {
		return fmt.Errorf("the history has no %s", kind)
	}
	operation := &history.Operations[indexes[len(indexes)/2]]
	if strings.HasPrefix(kind, "read") {
		operation.OnHand++
	} else {
		operation.Refused = !operation.Refused
	}
	return nil
}

func main() {
	log.SetFlags(0)
	falsified := flag.String("falsify", "", "change one answer of this kind of operation; the history must be refused")
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
	if *falsified != "" {
		if err := history.falsify(*falsified); err != nil {
			log.Fatal(err)
		}
	}
	if history.linearizable() == (*falsified != "") {
		log.Fatal("FAILED")
	}
}
