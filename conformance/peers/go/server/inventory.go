package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	inventoryv1 "bindery.internal/gen/go/bookstore/inventory/v1"
)

const defaultPageSize = 20

// inventoryService is a part of bookstore.inventory.v1.InventoryService. The other methods answer
// UNIMPLEMENTED.
type inventoryService struct {
	inventoryv1.UnimplementedInventoryServiceServer
	catalogue *catalogue
}

func (s *inventoryService) GetBook(_ context.Context, request *inventoryv1.GetBookRequest) (*inventoryv1.GetBookResponse, error) {
	book, ok := s.catalogue.book(request.GetBookId())
	if !ok {
		return nil, bookNotFound(request.GetBookId())
	}
	return &inventoryv1.GetBookResponse{Book: book}, nil
}

func (s *inventoryService) ListBooks(_ context.Context, request *inventoryv1.ListBooksRequest) (*inventoryv1.ListBooksResponse, error) {
	books := s.catalogue.ofCategory(request.GetCategory())
	filter := fmt.Sprintf("list/%d", request.GetCategory())
	books, next, err := page(books, filter, request.GetPageSize(), request.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListBooksResponse{Books: books, NextPageToken: next}, nil
}

func (s *inventoryService) SearchBooks(_ context.Context, request *inventoryv1.SearchBooksRequest) (*inventoryv1.SearchBooksResponse, error) {
	query := words(request.GetQuery())
	var books []*inventoryv1.Book
	for _, book := range s.catalogue.ofCategory(request.GetCategory()) {
		if matches(book, query) {
			books = append(books, book)
		}
	}
	filter := fmt.Sprintf("search/%d/%s", request.GetCategory(), request.GetQuery())
	books, next, err := page(books, filter, request.GetPageSize(), request.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.SearchBooksResponse{Books: books, NextPageToken: next}, nil
}

func (s *inventoryService) ImportBooks(stream grpc.ClientStreamingServer[inventoryv1.ImportBooksRequest, inventoryv1.ImportBooksResponse]) error {
	counts := &inventoryv1.ImportBooksResponse{}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(counts)
		}
		if err != nil {
			return err
		}
		s.catalogue.store(request.GetBooks(), counts)
	}
}

func (s *inventoryService) WatchStock(request *inventoryv1.WatchStockRequest, stream grpc.ServerStreamingServer[inventoryv1.WatchStockResponse]) error {
	for _, id := range request.GetBookIds() {
		if _, ok := s.catalogue.book(id); !ok {
			return bookNotFound(id)
		}
	}
	watcher := s.catalogue.watch(request.GetBookIds())
	defer s.catalogue.unwatch(watcher)
	for {
		select {
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		case <-s.catalogue.closed:
			return status.Error(codes.Unavailable, "the server stops; call again")
		case <-watcher.ready:
		}
		for _, id := range watcher.take() {
			if err := stream.Send(&inventoryv1.WatchStockResponse{Level: s.catalogue.level(id)}); err != nil {
				return err
			}
		}
	}
}

func bookNotFound(id int32) error {
	return declaredError(codes.NotFound, "BOOK_NOT_FOUND", fmt.Sprintf("no book has the id %d", id),
		"book_id", strconv.Itoa(int(id)))
}

// page returns a page of the books and the token of the next one, which contains the filter of
// the call and the position of the next book. A token of another filter is refused.
func page(books []*inventoryv1.Book, filter string, size int32, token string) ([]*inventoryv1.Book, string, error) {
	first := 0
	if token != "" {
		position, ok := positionOf(token, filter)
		if !ok {
			return nil, "", declaredError(codes.InvalidArgument, "PAGE_TOKEN_INVALID",
				"this method did not return the page token for the same filter; request the first page again")
		}
		first = min(position, len(books))
	}
	if size == 0 {
		size = defaultPageSize
	}
	end := min(first+int(size), len(books))
	if end == len(books) {
		return books[first:end], "", nil
	}
	return books[first:end], pageToken(filter, end), nil
}

func pageToken(filter string, position int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%s", position, filter))
}

func positionOf(token, filter string) (int, bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	var position int
	if _, err := fmt.Sscanf(string(decoded), "%d/", &position); err != nil || position < 1 {
		return 0, false
	}
	// Only the token that `pageToken` makes: several texts may stand for one number.
	return position, token == pageToken(filter, position)
}
