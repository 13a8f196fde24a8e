package main

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
)

// words splits a text into words without accents and in lower case.
func words(text string) []string {
	var folded strings.Builder
	for _, char := range norm.NFD.String(text) {
		if !unicode.Is(unicode.Mn, char) {
			folded.WriteRune(unicode.ToLower(char))
		}
	}
	return strings.FieldsFunc(folded.String(), func(char rune) bool {
		return !unicode.IsLetter(char) && !unicode.IsNumber(char)
	})
}

// matches tells whether the title and the authors of the book contain every word of the query. The
// last one may be the beginning of a word. A query without words matches nothing.
func matches(book *inventoryv1.Book, query []string) bool {
	if len(query) == 0 {
		return false
	}
	known := words(book.GetTitle() + " " + strings.Join(book.GetAuthors(), " "))
	for _, word := range query[:len(query)-1] {
		if !slices.Contains(known, word) {
			return false
		}
	}
	last := query[len(query)-1]
	return slices.ContainsFunc(known, func(word string) bool { return strings.HasPrefix(word, last) })
}
