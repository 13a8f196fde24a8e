package bindery.interop;

import bindery.client.CallError;
import bookstore.inventory.v1.InventoryServiceGrpc;
import bookstore.recommendations.v1.RecommendationServiceGrpc;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import interop.v1.InteropServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** Makes the call of one cell. Methods are called by their descriptors, so that all have one form. */
final class CellExecution {
  private final Channel channel;
  private final Cell cell;
  private final MethodDescriptor<Message, Message> method;
  private final Observation seen = new Observation();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final AtomicReference<Metadata> headers = new AtomicReference<>(new Metadata());
  private final AtomicReference<Metadata> trailers = new AtomicReference<>(new Metadata());
  private final Deque<Message> unsent = new ArrayDeque<>();
  private StreamObserver<Message> requests;

  CellExecution(Channel channel, Cell cell) {
    this.cell = cell;
    this.channel = ClientInterceptors.intercept(
        channel,
        MetadataUtils.newAttachHeadersInterceptor(outgoing(cell.metadata() == null ? Map.of() : cell.metadata())),
        MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
    method = methodOf(cell.method());
    for (String request : cell.requests()) {
      unsent.add(method.parseRequest(new ByteArrayInputStream(Base64.getDecoder().decode(request))));
    }
    seen.id = cell.id();
  }

  Observation run() throws InterruptedException {
    if (cell.cancel_after() != null && cell.cancel_after() == 0) {
      context.cancel(null);
    }
    context.run(this::start);
    ended.await();
    context.cancel(null);
    seen.headers = visible(headers.get());
    seen.trailers = visible(trailers.get());
    return seen;
  }

  private void start() {
    int timeout = cell.timeout_ms() == null ? 60_000 : cell.timeout_ms();
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout, TimeUnit.MILLISECONDS);
    ClientCall<Message, Message> call = channel.newCall(method, cell.gzip() ? options.withCompression("gzip") : options);
    ResponseObserver responses = new ResponseObserver();
    switch (method.getType()) {
      case UNARY -> ClientCalls.asyncUnaryCall(call, unsent.remove(), responses);
      case SERVER_STREAMING -> ClientCalls.asyncServerStreamingCall(call, unsent.remove(), responses);
      case CLIENT_STREAMING -> {
        requests = ClientCalls.asyncClientStreamingCall(call, responses);
        unsent.forEach(requests::onNext);
        requests.onCompleted();
      }
      default -> {
        requests = ClientCalls.asyncBidiStreamingCall(call, responses);
        sendNext();
      }
    }
  }

  /** In a conversation, the answer comes before the next question. */
  private void sendNext() {
    if (unsent.isEmpty()) {
      requests.onCompleted();
    } else {
      requests.onNext(unsent.remove());
    }
  }

  private final class ResponseObserver implements StreamObserver<Message> {
    @Override
    public void onNext(Message response) {
      try {
        seen.responses.add(JsonParser.parseString(JsonFormat.printer().print(response)));
      } catch (InvalidProtocolBufferException invalid) {
        seen.message = "no JSON form: " + invalid.getMessage();
      }
      seen.response_bytes.add(Base64.getEncoder().encodeToString(response.toByteArray()));
      if (cell.cancel_after() != null && seen.responses.size() == cell.cancel_after()) {
        context.cancel(null);
      } else if (method.getType() == MethodDescriptor.MethodType.BIDI_STREAMING) {
        sendNext();
      }
    }

    @Override
    public void onError(Throwable failed) {
      StatusRuntimeException error = failed instanceof StatusRuntimeException status
          ? status
          : Status.fromThrowable(failed).asRuntimeException();
      CallError decoded = CallError.of(error);
      seen.code = decoded.code().name();
      seen.message = decoded.message();
      seen.reason = decoded.reason();
      seen.violations = decoded.violations().stream().map(it -> it.field() + " " + it.rule()).toList();
      seen.retry_after_ms = decoded.retryAfter().map(delay -> delay.toMillis()).orElse(0L);
      ended.countDown();
    }

    @Override
    public void onCompleted() {
      ended.countDown();
    }
  }

  @SuppressWarnings("unchecked")
  private static MethodDescriptor<Message, Message> methodOf(String path) {
    Stream<ServiceDescriptor> services = Stream.of(
        InventoryServiceGrpc.getServiceDescriptor(),
        RecommendationServiceGrpc.getServiceDescriptor(),
        InteropServiceGrpc.getServiceDescriptor());
    return (MethodDescriptor<Message, Message>) services
        .flatMap(service -> service.getMethods().stream())
        .filter(method -> method.getFullMethodName().equals(path))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(path + " is not known"));
  }

  private static Metadata outgoing(Map<String, String> values) {
    Metadata metadata = new Metadata();
    values.forEach((name, value) -> {
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        metadata.put(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER), Base64.getDecoder().decode(value));
      } else {
        metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
      }
    });
    return metadata;
  }

  /** Keeps the metadata of the test contract. */
  private static Map<String, String> visible(Metadata metadata) {
    Map<String, String> kept = new TreeMap<>();
    for (String name : metadata == null ? new Metadata().keys() : metadata.keys()) {
      if (!name.contains("interop-")) {
        continue;
      }
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        byte[] value = metadata.get(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER));
        kept.put(name, Base64.getEncoder().encodeToString(value));
      } else {
        kept.put(name, String.join(",", metadata.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER))));
      }
    }
    return kept;
  }
}
