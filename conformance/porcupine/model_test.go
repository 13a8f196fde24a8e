package main

import (
	"io"
	"testing"
)

// Two callers reserve the last two copies with one key, a third one gets none, and after the
// release it does.
func exampleHistory() History {
	return History{
		Stock: map[int]int{1: 2},
		Operations: []Operation{
			{Client: 0, Book: 1, Start: 0, End: 10, Kind: "reserve", Key: "a", Quantity: 2, Reservation: "r1"},
			{Client: 1, Book: 1, Start: 1, End: 11, Kind: "reserve", Key: "a", Quantity: 2, Reservation: "r1"},
			{Client: 2, Book: 1, Start: 12, End: 13, Kind: "reserve", Key: "b", Quantity: 1, Refused: true},
			{Client: 2, Book: 1, Start: 14, End: 15, Kind: "read", OnHand: 2, Reserved: 2},
			{Client: 0, Book: 1, Start: 16, End: 20, Kind: "release", Reservation: "r1"},
			{Client: 2, Book: 1, Start: 17, End: 19, Kind: "reserve", Key: "b", Quantity: 1, Reservation: "r2"},
			{Client: 2, Book: 1, Start: 21, End: 22, Kind: "commit", Reservation: "r2"},
			{Client: 1, Book: 1, Start: 23, End: 24, Kind: "commit", Reservation: "r1", Refused: true},
			{Client: 2, Book: 1, Start: 25, End: 26, Kind: "read", OnHand: 1, Reserved: 0},
			{Client: 2, Book: 1, Start: 27, End: 28, Kind: "read free", OnHand: 1},
			{Client: 2, Book: 1, Start: 29, End: 30, Kind: "reuse", Key: "b", Quantity: 2, Refused: true},
		},
	}
}

func TestCorrectHistoryIsLinearizable(t *testing.T) {
	if !exampleHistory().linearizable(io.Discard) {
		t.Error("it was refused")
	}
}

func TestEachFalsifiedAnswerIsRefused(t *testing.T) {
	for index := range exampleHistory().Operations {
		if exampleHistory().falsified(index).linearizable(io.Discard) {
			t.Errorf("operation %d was falsified, and accepted", index)
		}
	}
}

func TestSecondReservationForOneKeyIsRefused(t *testing.T) {
	history := exampleHistory()
	history.Stock[1] = 10
	history.Operations = history.Operations[:2]
	history.Operations[1].Reservation = "r2"
	if history.linearizable(io.Discard) {
		t.Error("it was accepted")
	}
}

func TestReuseOfAnUnusedKeyIsRefused(t *testing.T) {
	history := exampleHistory()
	history.Operations[len(history.Operations)-1].Key = "c"
	if history.linearizable(io.Discard) {
		t.Error("it was accepted")
	}
}
