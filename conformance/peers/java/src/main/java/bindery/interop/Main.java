package bindery.interop;

import bindery.client.Connection;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.grpc.ManagedChannel;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Executes the cells of the interoperability matrix with the Java client.
 *
 * <p>Reads a JSON list of cells from standard input, makes their calls one after the other at the
 * address of its argument, and prints what it observed, one line of JSON for each cell.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    Gson gson = new GsonBuilder().disableHtmlEscaping().create();
    Cell[] cells = gson.fromJson(new InputStreamReader(System.in, StandardCharsets.UTF_8), Cell[].class);
    PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    String token = System.getenv().getOrDefault("INTEROP_TOKEN", "");
    ManagedChannel channel = Connection.to(arguments[0]).token(token).open();
    for (Cell cell : cells) {
      output.println(gson.toJson(new CellExecution(channel, cell).run()));
    }
    channel.shutdownNow();
  }
}
