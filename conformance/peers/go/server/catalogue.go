package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
)

// catalogue is the books and their stock, in memory.
type catalogue struct {
	mutex  sync.RWMutex
	books  map[int32]*inventoryv1.Book
	onHand map[int32]int32
	// byTitle and byCategory have the books in the order of their titles. They are replaced when a
	// book changes, and never changed, so that readers need no copy.
	byTitle    []*inventoryv1.Book
	byCategory map[inventoryv1.BookCategory][]*inventoryv1.Book
	watchers   map[*watcher]struct{}
	// closed ends all watchers, so that the server can stop.
	closed chan struct{}
}

// loadCatalogue reads an ImportBooksRequest in JSON.
func loadCatalogue(path string) (*catalogue, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	request := &inventoryv1.ImportBooksRequest{}
	if err := protojson.Unmarshal(text, request); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	catalogue := &catalogue{
		books:    map[int32]*inventoryv1.Book{},
		onHand:   map[int32]int32{},
		watchers: map[*watcher]struct{}{},
		closed:   make(chan struct{}),
	}
	catalogue.store(request.GetBooks(), &inventoryv1.ImportBooksResponse{})
	return catalogue, nil
}

func (c *catalogue) close() {
	close(c.closed)
}

func (c *catalogue) book(id int32) (*inventoryv1.Book, bool) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	book, ok := c.books[id]
	return book, ok
}

// ofCategory returns the books of a category in the order of their titles.
func (c *catalogue) ofCategory(category inventoryv1.BookCategory) []*inventoryv1.Book {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	if category == inventoryv1.BookCategory_BOOK_CATEGORY_UNSPECIFIED {
		return c.byTitle
	}
	return c.byCategory[category]
}

// sort updates the order. The caller holds the lock.
func (c *catalogue) sort() {
	c.byTitle = slices.SortedFunc(maps.Values(c.books), func(left, right *inventoryv1.Book) int {
		return cmp.Or(strings.Compare(left.GetTitle(), right.GetTitle()), cmp.Compare(left.GetBookId(), right.GetBookId()))
	})
	c.byCategory = map[inventoryv1.BookCategory][]*inventoryv1.Book{}
	for _, book := range c.byTitle {
		c.byCategory[book.GetCategory()] = append(c.byCategory[book.GetCategory()], book)
	}
}

// store adds and replaces books, and counts them in `counts`.
func (c *catalogue) store(imports []*inventoryv1.BookImport, counts *inventoryv1.ImportBooksResponse) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	defer c.sort()
	for _, item := range imports {
		id := item.GetBook().GetBookId()
		switch before, exists := c.books[id]; {
		case !exists:
			counts.Created++
		case proto.Equal(before, item.GetBook()):
			counts.Unchanged++
		default:
			counts.Updated++
		}
		c.books[id] = item.GetBook()
		// Unset is not zero: it leaves the stock as it is.
		if item.OnHand != nil && c.onHand[id] != item.GetOnHand() {
			c.onHand[id] = item.GetOnHand()
			for watcher := range c.watchers {
				watcher.notify(id)
			}
		}
	}
}

func (c *catalogue) level(id int32) *inventoryv1.StockLevel {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	return &inventoryv1.StockLevel{BookId: id, OnHand: c.onHand[id], Available: c.onHand[id]}
}

// watcher collects the ids of the books whose stock has changed. A slow reader gets the newest
// level of each book and misses some of those in between, so the memory is bounded.
type watcher struct {
	mutex   sync.Mutex
	books   []int32
	changed []int32
	ready   chan struct{}
}

// watch starts with all books as changed. The caller calls `unwatch` at the end.
func (c *catalogue) watch(books []int32) *watcher {
	watcher := &watcher{books: books, changed: slices.Clone(books), ready: make(chan struct{}, 1)}
	watcher.ready <- struct{}{}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.watchers[watcher] = struct{}{}
	return watcher
}

func (c *catalogue) unwatch(watcher *watcher) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.watchers, watcher)
}

func (w *watcher) notify(id int32) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !slices.Contains(w.books, id) || slices.Contains(w.changed, id) {
		return
	}
	w.changed = append(w.changed, id)
	select {
	case w.ready <- struct{}{}:
	default: // The reader has been told already.
	}
}

func (w *watcher) take() []int32 {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	changed := w.changed
	w.changed = nil
	return changed
}
