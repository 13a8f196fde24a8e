package bindery.client;

import bookstore.accounts.v1.AccountServiceGrpc;
import bookstore.accounts.v1.SessionServiceGrpc;
import bookstore.cart.v1.CartServiceGrpc;
import bookstore.cart.v1.CheckoutServiceGrpc;
import bookstore.inventory.v1.InventoryServiceGrpc;
import bookstore.recommendations.v1.RecommendationServiceGrpc;
import bookstore.reviews.v1.ReviewServiceGrpc;
import bookstore.transactions.v1.TransactionServiceGrpc;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ServiceDescriptor;
import java.time.Duration;
import java.util.List;

/**
 * Connects to a server of the contract. It adds to grpc-java what a caller needs: a deadline for each
 * unary call, retries of the methods that the contract declares idempotent, and credentials. {@link
 * CallError} decodes errors.
 *
 * <pre>{@code
 * ManagedChannel channel = Connection.to("127.0.0.1:50051").token(token).open();
 * var inventory = InventoryServiceGrpc.newBlockingStub(channel);
 * Book book = inventory.getBook(GetBookRequest.newBuilder().setBookId(1).build()).getBook();
 * }</pre>
 */
public final class Connection {
  /** The deadline of unary calls that have none. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

  private static final List<ServiceDescriptor> SERVICES =
      List.of(
          AccountServiceGrpc.getServiceDescriptor(),
          SessionServiceGrpc.getServiceDescriptor(),
          CartServiceGrpc.getServiceDescriptor(),
          CheckoutServiceGrpc.getServiceDescriptor(),
          InventoryServiceGrpc.getServiceDescriptor(),
          RecommendationServiceGrpc.getServiceDescriptor(),
          ReviewServiceGrpc.getServiceDescriptor(),
          TransactionServiceGrpc.getServiceDescriptor());

  private final String target;
  private Duration timeout = DEFAULT_TIMEOUT;
  private ChannelCredentials credentials = InsecureChannelCredentials.create();
  private String token = "";

  private Connection(String target) {
    this.target = target;
  }

  public static Connection to(String target) {
    return new Connection(target);
  }

  /** Changes {@link #DEFAULT_TIMEOUT}. */
  public Connection timeout(Duration changed) {
    timeout = changed;
    return this;
  }

  /**
   * Uses TLS, with credentials of {@link io.grpc.TlsChannelCredentials}. Without it, the connection
   * is plain text, which is meant for loopback.
   */
  public Connection tls(ChannelCredentials changed) {
    credentials = changed;
    return this;
  }

  /**
   * Sends {@code authorization: Bearer TOKEN} with every call: the token of the operator, or of a
   * session.
   */
  public Connection token(String changed) {
    token = changed;
    return this;
  }

  /**
   * Makes a channel for all services of the contract. The first call connects, so a server that does
   * not respond is an error of that call.
   */
  public ManagedChannel open() {
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(target, credentials).defaultServiceConfig(ServiceConfig.of(SERVICES, timeout));
    if (!token.isEmpty()) {
      builder.intercept(new BearerInterceptor(token));
    }
    return builder.build();
  }
}
