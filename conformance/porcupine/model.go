package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"
)

// Operation is one call as its caller saw it.
type Operation struct {
	Client int   `json:"client"`
	Book   int   `json:"book"`
	Start  int64 `json:"start"`
	End    int64 `json:"end"`
	// "reserve", "commit", "release" or "read"; "read free" if only the difference of on hand and
	// reserved is known; "reuse" if a request has the key of another one.
	Kind string `json:"kind"`
	// The idempotency key and the copies of a reserve.
	Key      string `json:"key"`
	Quantity int    `json:"quantity"`
	// The reservation that reserve returned, or that commit and release name.
	Reservation string `json:"reservation"`
	// Whether the answer was OUT_OF_STOCK, RESERVATION_NOT_HELD or REQUEST_ID_REUSED.
	Refused bool `json:"refused"`
	// The answer of a read. Free copies are on hand and not reserved.
	OnHand   int `json:"on_hand"`
	Reserved int `json:"reserved"`
}

type holdState int

const (
	held holdState = iota
	committed
	released
)

type reservation struct {
	key      string
	quantity int
	state    holdState
}

// book is the sequential specification of the stock of one book. It is never changed in place.
type book struct {
	onHand, reserved int
	// By id. Reservations with the same key are one reservation.
	reservations map[string]reservation
}

func (b book) equal(other book) bool {
	return b.onHand == other.onHand && b.reserved == other.reserved && maps.Equal(b.reservations, other.reservations)
}

func (b book) with(id string, changed reservation, onHand, reserved int) book {
	reservations := maps.Clone(b.reservations)
	reservations[id] = changed
	return book{onHand, reserved, reservations}
}

// withKey returns the id of the reservation with an idempotency key.
func (b book) withKey(key string) (string, bool) {
	for id, known := range b.reservations {
		if known.key == key {
			return id, true
		}
	}
	return "", false
}

// step returns whether the answer is the right one, and the book after the operation.
func (b book) step(operation Operation) (bool, book) {
	switch operation.Kind {
	case "read":
		return operation.OnHand == b.onHand && operation.Reserved == b.reserved, b
	case "read free":
		return operation.OnHand == b.onHand-b.reserved, b
	case "reuse":
		_, used := b.withKey(operation.Key)
		return operation.Refused && used, b
	case "reserve":
		if id, used := b.withKey(operation.Key); used {
			return !operation.Refused && operation.Reservation == id, b
		}
		if operation.Quantity > b.onHand-b.reserved {
			return operation.Refused, b
		}
		_, used := b.reservations[operation.Reservation]
		if operation.Refused || used {
			return false, b
		}
		fresh := reservation{operation.Key, operation.Quantity, held}
		return true, b.with(operation.Reservation, fresh, b.onHand, b.reserved+operation.Quantity)
	}
	known, exists := b.reservations[operation.Reservation]
	if !exists {
		return false, b
	}
	target := map[string]holdState{"commit": committed, "release": released}[operation.Kind]
	if known.state != held {
		return operation.Refused == (known.state != target), b
	}
	if operation.Refused {
		return false, b
	}
	onHand := b.onHand
	if target == committed {
		onHand -= known.quantity
	}
	known.state = target
	return true, b.with(operation.Reservation, known, onHand, b.reserved-known.quantity)
}

// stockModel is the model of one book with some copies.
func stockModel(copies int) porcupine.Model {
	return porcupine.Model{
		Init:  func() any { return book{onHand: copies, reservations: map[string]reservation{}} },
		Step:  func(state, input, _ any) (bool, any) { return state.(book).step(input.(Operation)) },
		Equal: func(one, other any) bool { return one.(book).equal(other.(book)) },
		Hash: func(state any) uint64 {
			b := state.(book)
			return uint64(b.onHand)<<32 ^ uint64(b.reserved)<<16 ^ uint64(len(b.reservations))
		},
		DescribeOperation: func(input, _ any) string { return fmt.Sprintf("%+v", input) },
	}
}

// ofBook returns the operations on one book, ordered by their start.
func ofBook(operations []Operation, id int) []porcupine.Operation {
	var found []porcupine.Operation
	for _, operation := range operations {
		if operation.Book == id {
			found = append(found, porcupine.Operation{
				ClientId: operation.Client, Input: operation, Call: operation.Start, Return: operation.End,
			})
		}
	}
	slices.SortFunc(found, func(one, other porcupine.Operation) int { return int(one.Call - other.Call) })
	return found
}
