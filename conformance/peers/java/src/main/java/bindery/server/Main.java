package bindery.server;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server of a part of the contract in Java, with grpc-java and protovalidate.
 *
 * <p>It shows what a server of the contract needs: an interceptor that validates every request, one
 * that checks credentials, errors with details, health, reflection and a graceful stop. Books and
 * stock are in memory. Prints {@code listening on ADDRESS} when it is ready; stops on SIGTERM and
 * SIGINT.
 */
public final class Main {
  /** How long calls in progress may take after a signal. */
  private static final int STOP_SECONDS = 5;

  private Main() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Options options = Options.parse(arguments);
    Catalogue catalogue = Catalogue.load(Path.of(options.books()));
    List<BindableService> services =
        List.of(new InventoryService(catalogue), new RecommendationService(catalogue), new InteropService());
    HealthStatusManager health = new HealthStatusManager();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(options.host(), options.port()))
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            // The interceptor that is added last runs first. Credentials come first: a caller
            // without one must not be able to probe the rules.
            .intercept(new MetadataInterceptor())
            .intercept(new ValidationInterceptor(options.ignoredRule()))
            .intercept(new CredentialInterceptor(options.operatorToken()));
    if (options.tlsCert() != null) {
      builder.useTransportSecurity(options.tlsCert(), options.tlsKey());
    }
    for (BindableService service : services) {
      builder.addService(service);
      health.setStatus(service.bindService().getServiceDescriptor().getName(), ServingStatus.SERVING);
    }
    Server server = builder.build().start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, health, catalogue)));
    System.out.println("listening on " + options.host() + ":" + server.getPort());
    server.awaitTermination();
  }

  private static void stop(Server server, HealthStatusManager health, Catalogue catalogue) {
    health.enterTerminalState();
    catalogue.close();
    server.shutdown();
    try {
      if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException interrupted) {
      server.shutdownNow();
    }
  }
}
