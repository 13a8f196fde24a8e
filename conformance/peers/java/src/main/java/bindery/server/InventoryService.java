package bindery.server;

import bookstore.inventory.v1.BookOuterClass.Book;
import bookstore.inventory.v1.InventoryServiceGrpc.InventoryServiceImplBase;
import bookstore.inventory.v1.InventoryServiceOuterClass.GetBookRequest;
import bookstore.inventory.v1.InventoryServiceOuterClass.GetBookResponse;
import bookstore.inventory.v1.InventoryServiceOuterClass.ImportBooksRequest;
import bookstore.inventory.v1.InventoryServiceOuterClass.ImportBooksResponse;
import bookstore.inventory.v1.InventoryServiceOuterClass.ListBooksRequest;
import bookstore.inventory.v1.InventoryServiceOuterClass.ListBooksResponse;
import bookstore.inventory.v1.InventoryServiceOuterClass.SearchBooksRequest;
import bookstore.inventory.v1.InventoryServiceOuterClass.SearchBooksResponse;
import bookstore.inventory.v1.InventoryServiceOuterClass.WatchStockRequest;
import bookstore.inventory.v1.InventoryServiceOuterClass.WatchStockResponse;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A part of bookstore.inventory.v1.InventoryService. The other methods answer UNIMPLEMENTED.
 */
final class InventoryService extends InventoryServiceImplBase {
  private final Catalogue catalogue;

  InventoryService(Catalogue catalogue) {
    this.catalogue = catalogue;
  }

  @Override
  public void getBook(GetBookRequest request, StreamObserver<GetBookResponse> observer) {
    Optional<Book> book = catalogue.book(request.getBookId());
    if (book.isEmpty()) {
      observer.onError(bookNotFound(request.getBookId()));
      return;
    }
    observer.onNext(GetBookResponse.newBuilder().setBook(book.get()).build());
    observer.onCompleted();
  }

  @Override
  public void listBooks(ListBooksRequest request, StreamObserver<ListBooksResponse> observer) {
    List<Book> books = catalogue.ofCategory(request.getCategory());
    String filter = "list/" + request.getCategoryValue();
    Page<Book> page;
    try {
      page = Page.of(books, filter, request.getPageSize(), request.getPageToken());
    } catch (StatusRuntimeException refused) {
      observer.onError(refused);
      return;
    }
    observer.onNext(ListBooksResponse.newBuilder().addAllBooks(page.items()).setNextPageToken(page.nextToken()).build());
    observer.onCompleted();
  }

  @Override
  public void searchBooks(SearchBooksRequest request, StreamObserver<SearchBooksResponse> observer) {
    List<String> query = Search.words(request.getQuery());
    List<Book> found =
        catalogue.ofCategory(request.getCategory()).stream().filter(book -> Search.matches(book, query)).toList();
    String filter = "search/" + request.getCategoryValue() + "/" + request.getQuery();
    Page<Book> page;
    try {
      page = Page.of(found, filter, request.getPageSize(), request.getPageToken());
    } catch (StatusRuntimeException refused) {
      observer.onError(refused);
      return;
    }
    observer.onNext(SearchBooksResponse.newBuilder().addAllBooks(page.items()).setNextPageToken(page.nextToken()).build());
    observer.onCompleted();
  }

  @Override
  public StreamObserver<ImportBooksRequest> importBooks(StreamObserver<ImportBooksResponse> observer) {
    ImportBooksResponse.Builder counts = ImportBooksResponse.newBuilder();
    return new StreamObserver<>() {
      @Override
      public void onNext(ImportBooksRequest request) {
        catalogue.store(request.getBooksList(), counts);
      }

      @Override
      public void onError(Throwable cancelled) {
        // Nobody reads the answer. What was stored remains stored.
      }

      @Override
      public void onCompleted() {
        observer.onNext(counts.build());
        observer.onCompleted();
      }
    };
  }

  @Override
  public void watchStock(WatchStockRequest request, StreamObserver<WatchStockResponse> observer) {
    for (int id : request.getBookIdsList()) {
      if (catalogue.book(id).isEmpty()) {
        observer.onError(bookNotFound(id));
        return;
      }
    }
    ServerCallStreamObserver<WatchStockResponse> stream = (ServerCallStreamObserver<WatchStockResponse>) observer;
    new StockWatcher(catalogue, request.getBookIdsList(), stream).start();
  }

  private static StatusRuntimeException bookNotFound(int id) {
    Map<String, String> metadata = Map.of("book_id", Integer.toString(id));
    return ErrorStatus.declared(Code.NOT_FOUND, "BOOK_NOT_FOUND", "no book has the id " + id, metadata);
  }
}
