package bindery.server;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/**
 * Makes the metadata of a call known to its handler, and sends those of the test contract back as
 * headers and trailers.
 */
final class MetadataInterceptor implements ServerInterceptor {
  /** Only metadata with this prefix is returned: everything else belongs to the transport. */
  static final String PREFIX = "interop-";

  static final Context.Key<Metadata> METADATA = Context.key("metadata");

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    ServerCall<Q, R> returning = new SimpleForwardingServerCall<>(call) {
      @Override
      public void sendHeaders(Metadata sent) {
        copy(headers, sent, "");
        super.sendHeaders(sent);
      }

      @Override
      public void close(Status status, Metadata trailers) {
        copy(headers, trailers, "trailer-");
        super.close(status, trailers);
      }
    };
    return Contexts.interceptCall(Context.current().withValue(METADATA, headers), returning, headers, next);
  }

  private static void copy(Metadata from, Metadata to, String prefix) {
    for (String name : from.keys()) {
      if (!name.startsWith(PREFIX)) {
        continue;
      }
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        copyAll(from, to, Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER),
            Metadata.Key.of(prefix + name, Metadata.BINARY_BYTE_MARSHALLER));
      } else {
        copyAll(from, to, Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER),
            Metadata.Key.of(prefix + name, Metadata.ASCII_STRING_MARSHALLER));
      }
    }
  }

  private static <T> void copyAll(Metadata from, Metadata to, Metadata.Key<T> source, Metadata.Key<T> target) {
    for (T value : from.getAll(source)) {
      to.put(target, value);
    }
  }
}
