package bindery.interop;

import bindery.client.Connection;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Executes the cells of the interoperability matrix with the Java client.
 *
 * <p>Reads a JSON list of cells from standard input, makes their calls one after the other at the
 * address of its last argument, and prints what it observed, one line of JSON for each cell. {@code
 * --ca} is the authority of the server's certificate, for TLS. {@code --protocol} is grpc: grpc-java
 * speaks no other one.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws InterruptedException, IOException {
    Gson gson = new GsonBuilder().disableHtmlEscaping().create();
    Cell[] cells = gson.fromJson(new InputStreamReader(System.in, StandardCharsets.UTF_8), Cell[].class);
    PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    String token = System.getenv().getOrDefault("INTEROP_TOKEN", "");
    ManagedChannel channel = connection(arguments).token(token).open();
    ManagedChannel anonymous = connection(arguments).open();
    for (Cell cell : cells) {
      output.println(gson.toJson(new CellExecution(cell.anonymous() ? anonymous : channel, cell).run()));
    }
    channel.shutdownNow();
    anonymous.shutdownNow();
  }

  private static Connection connection(String[] arguments) throws IOException {
    Connection connection = Connection.to(arguments[arguments.length - 1]);
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      String value = arguments[i + 1];
      switch (arguments[i]) {
        case "--ca" -> connection.tls(TlsChannelCredentials.newBuilder().trustManager(new File(value)).build());
        case "--protocol" -> {
          if (!value.equals("grpc")) {
            throw new IllegalArgumentException("the protocol " + value + " is not supported");
          }
        }
        default -> throw new IllegalArgumentException("unknown flag " + arguments[i]);
      }
    }
    return connection;
  }
}
