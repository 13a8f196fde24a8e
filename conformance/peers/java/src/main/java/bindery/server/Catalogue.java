package bindery.server;

import bookstore.inventory.v1.BookOuterClass.Book;
import bookstore.inventory.v1.BookOuterClass.BookCategory;
import bookstore.inventory.v1.InventoryServiceOuterClass.BookImport;
import bookstore.inventory.v1.InventoryServiceOuterClass.ImportBooksRequest;
import bookstore.inventory.v1.InventoryServiceOuterClass.ImportBooksResponse;
import bookstore.inventory.v1.Stock.StockLevel;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The books and their stock, in memory. */
final class Catalogue {
  private final Map<Integer, Book> books = new HashMap<>();
  private final Map<Integer, Integer> onHand = new HashMap<>();
  private final Set<StockWatcher> watchers = new HashSet<>();
  /** In the order of their titles. The lists are replaced and never changed. */
  private List<Book> byTitle = List.of();
  private Map<BookCategory, List<Book>> byCategory = Map.of();

  /** Reads an ImportBooksRequest in JSON. */
  static Catalogue load(Path path) throws IOException {
    ImportBooksRequest.Builder request = ImportBooksRequest.newBuilder();
    JsonFormat.parser().merge(Files.readString(path), request);
    Catalogue catalogue = new Catalogue();
    catalogue.store(request.getBooksList(), ImportBooksResponse.newBuilder());
    return catalogue;
  }

  synchronized Optional<Book> book(int id) {
    return Optional.ofNullable(books.get(id));
  }

  /** The books of a category, or all of them if it is unset, in the order of their titles. */
  synchronized List<Book> ofCategory(BookCategory category) {
    return category == BookCategory.BOOK_CATEGORY_UNSPECIFIED ? byTitle : byCategory.getOrDefault(category, List.of());
  }

  /** Adds and replaces books, and counts them in {@code counts}. */
  synchronized void store(List<BookImport> imports, ImportBooksResponse.Builder counts) {
    for (BookImport item : imports) {
      int id = item.getBook().getBookId();
      Book before = books.put(id, item.getBook());
      if (before == null) {
        counts.setCreated(counts.getCreated() + 1);
      } else if (before.equals(item.getBook())) {
        counts.setUnchanged(counts.getUnchanged() + 1);
      } else {
        counts.setUpdated(counts.getUpdated() + 1);
      }
      // Unset is not zero: it leaves the stock as it is.
      if (item.hasOnHand()) {
        Integer stockBefore = onHand.put(id, item.getOnHand());
        if (stockBefore == null || stockBefore != item.getOnHand()) {
          watchers.forEach(watcher -> watcher.changed(id));
        }
      }
    }
    byTitle = books.values().stream()
        .sorted(Comparator.comparing(Book::getTitle).thenComparing(Book::getBookId))
        .toList();
    byCategory = byTitle.stream().collect(Collectors.groupingBy(Book::getCategory));
  }

  synchronized StockLevel level(int id) {
    int copies = onHand.getOrDefault(id, 0);
    return StockLevel.newBuilder().setBookId(id).setOnHand(copies).setAvailable(copies).build();
  }

  synchronized void watch(StockWatcher watcher) {
    watchers.add(watcher);
  }

  synchronized void unwatch(StockWatcher watcher) {
    watchers.remove(watcher);
  }

  /** Ends all watchers, so that the server can stop. */
  synchronized void close() {
    watchers.forEach(StockWatcher::close);
    watchers.clear();
  }
}
