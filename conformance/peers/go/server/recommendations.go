package main

import (
	"context"
	"math/rand/v2"

	recommendationsv1 "bindery.internal/gen/go/bookstore/recommendations/v1"
)

// recommendationService treats every reader as an anonymous visitor.
type recommendationService struct {
	recommendationsv1.UnimplementedRecommendationServiceServer
	catalogue *catalogue
}

// Recommend returns a random sample of the category without replacement.
func (s *recommendationService) Recommend(_ context.Context, request *recommendationsv1.RecommendRequest) (*recommendationsv1.RecommendResponse, error) {
	books := s.catalogue.ofCategory(request.GetCategory())
	count := min(int(request.GetMaxResults()), len(books))
	response := &recommendationsv1.RecommendResponse{}
	for _, from := range rand.Perm(len(books))[:count] {
		book := &recommendationsv1.BookRecommendation{BookId: books[from].GetBookId(), Title: books[from].GetTitle()}
		response.Recommendations = append(response.Recommendations, book)
	}
	return response, nil
}

// ListAlsoBought returns nothing: nobody has bought anything.
func (s *recommendationService) ListAlsoBought(context.Context, *recommendationsv1.ListAlsoBoughtRequest) (*recommendationsv1.ListAlsoBoughtResponse, error) {
	return &recommendationsv1.ListAlsoBoughtResponse{}, nil
}
