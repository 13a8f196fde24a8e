package bindery.example;

import bindery.client.CallError;
import bindery.client.Connection;
import bookstore.inventory.v1.InventoryServiceGrpc;
import bookstore.inventory.v1.InventoryServiceOuterClass.GetBookRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;

/** An example of the client: it asks for one book, and shows how an error is handled. */
public final class Example {
  private Example() {}

  public static void main(String[] arguments) {
    ManagedChannel channel = Connection.to(arguments[0]).open();
    var inventory = InventoryServiceGrpc.newBlockingStub(channel);
    var found = inventory.getBook(GetBookRequest.newBuilder().setBookId(1).build());
    System.out.println(found.getBook().getTitle());
    try {
      inventory.getBook(GetBookRequest.getDefaultInstance());
    } catch (StatusRuntimeException failed) {
      CallError.Violation violation = CallError.of(failed).violations().get(0);
      System.out.println(violation.field() + " " + violation.rule());
    }
    channel.shutdown();
  }
}
