package bindery.server;

import bookstore.inventory.v1.InventoryServiceOuterClass.WatchStockResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One call of WatchStock: the level of each book, and then every change until the client cancels.
 *
 * <p>A slow reader gets the newest level of each book and misses some of those in between, so the
 * memory is bounded.
 */
final class StockWatcher {
  private final Catalogue catalogue;
  private final Set<Integer> books;
  private final Set<Integer> changed;
  private final ServerCallStreamObserver<WatchStockResponse> observer;

  StockWatcher(Catalogue catalogue, List<Integer> books, ServerCallStreamObserver<WatchStockResponse> observer) {
    this.catalogue = catalogue;
    this.books = Set.copyOf(books);
    this.changed = new LinkedHashSet<>(books);
    this.observer = observer;
  }

  void start() {
    observer.setOnCancelHandler(() -> catalogue.unwatch(this));
    observer.setOnReadyHandler(this::send);
    catalogue.watch(this);
    send();
  }

  void changed(int id) {
    if (!books.contains(id)) {
      return;
    }
    synchronized (changed) {
      changed.add(id);
    }
    send();
  }

  /** Sends as much as the client reads; the handler above continues. */
  private void send() {
    // The lock of the catalogue comes first everywhere, as in `changed`, or two threads could wait
    // for each other.
    synchronized (catalogue) {
      synchronized (changed) {
        Iterator<Integer> next = changed.iterator();
        while (next.hasNext() && observer.isReady() && !observer.isCancelled()) {
          observer.onNext(WatchStockResponse.newBuilder().setLevel(catalogue.level(next.next())).build());
          next.remove();
        }
      }
    }
  }

  void close() {
    observer.onError(Status.UNAVAILABLE.withDescription("the server stops; call again").asRuntimeException());
  }
}
