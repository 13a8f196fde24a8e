package bindery.server;

import bookstore.inventory.v1.BookOuterClass.Book;
import bookstore.recommendations.v1.RecommendationServiceGrpc.RecommendationServiceImplBase;
import bookstore.recommendations.v1.RecommendationServiceOuterClass.BookRecommendation;
import bookstore.recommendations.v1.RecommendationServiceOuterClass.ListAlsoBoughtRequest;
import bookstore.recommendations.v1.RecommendationServiceOuterClass.ListAlsoBoughtResponse;
import bookstore.recommendations.v1.RecommendationServiceOuterClass.RecommendRequest;
import bookstore.recommendations.v1.RecommendationServiceOuterClass.RecommendResponse;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Treats every reader as an anonymous visitor. */
final class RecommendationService extends RecommendationServiceImplBase {
  private final Catalogue catalogue;

  RecommendationService(Catalogue catalogue) {
    this.catalogue = catalogue;
  }

  @Override
  public void recommend(RecommendRequest request, StreamObserver<RecommendResponse> observer) {
    List<Book> books = new ArrayList<>(catalogue.ofCategory(request.getCategory()));
    int count = Math.min(request.getMaxResults(), books.size());
    RecommendResponse.Builder response = RecommendResponse.newBuilder();
    // The beginning of a Fisher-Yates shuffle: each book at most once.
    for (int i = 0; i < count; i++) {
      Collections.swap(books, i, ThreadLocalRandom.current().nextInt(i, books.size()));
      Book book = books.get(i);
      response.addRecommendations(
          BookRecommendation.newBuilder().setBookId(book.getBookId()).setTitle(book.getTitle()));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void listAlsoBought(ListAlsoBoughtRequest request, StreamObserver<ListAlsoBoughtResponse> observer) {
    // Nobody has bought anything.
    observer.onNext(ListAlsoBoughtResponse.getDefaultInstance());
    observer.onCompleted();
  }
}
