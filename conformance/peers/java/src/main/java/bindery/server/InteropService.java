package bindery.server;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import interop.v1.InteropServiceGrpc.InteropServiceImplBase;
import interop.v1.InteropServiceOuterClass.ConverseRequest;
import interop.v1.InteropServiceOuterClass.ConverseResponse;
import interop.v1.InteropServiceOuterClass.DownloadRequest;
import interop.v1.InteropServiceOuterClass.DownloadResponse;
import interop.v1.InteropServiceOuterClass.EchoMetadataRequest;
import interop.v1.InteropServiceOuterClass.EchoMetadataResponse;
import interop.v1.InteropServiceOuterClass.EchoRequest;
import interop.v1.InteropServiceOuterClass.EchoResponse;
import interop.v1.InteropServiceOuterClass.FailRequest;
import interop.v1.InteropServiceOuterClass.FailResponse;
import interop.v1.InteropServiceOuterClass.UploadRequest;
import interop.v1.InteropServiceOuterClass.UploadResponse;
import interop.v1.InteropServiceOuterClass.WaitRequest;
import interop.v1.InteropServiceOuterClass.WaitResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The test contract, with methods of all four kinds. */
final class InteropService extends InteropServiceImplBase {
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
    Thread thread = new Thread(task, "wait");
    thread.setDaemon(true);
    return thread;
  });

  @Override
  public void echo(EchoRequest request, StreamObserver<EchoResponse> observer) {
    EchoResponse.Builder response = EchoResponse.newBuilder();
    if (request.hasValues()) {
      response.setValues(request.getValues());
    }
    try {
      response.setSeenJson(JsonFormat.printer().omittingInsignificantWhitespace().print(request));
    } catch (InvalidProtocolBufferException | IllegalArgumentException invalid) {
      observer.onError(Status.INVALID_ARGUMENT.withDescription("the request has no JSON form").asRuntimeException());
      return;
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void echoMetadata(EchoMetadataRequest request, StreamObserver<EchoMetadataResponse> observer) {
    Metadata metadata = MetadataInterceptor.METADATA.get();
    EchoMetadataResponse.Builder response = EchoMetadataResponse.newBuilder();
    for (String name : metadata.keys()) {
      if (!name.startsWith(MetadataInterceptor.PREFIX)) {
        continue;
      }
      if (name.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        byte[] value = metadata.get(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER));
        response.putBinary(name, ByteString.copyFrom(value));
      } else {
        Iterable<String> values = metadata.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        response.putText(name, String.join(",", values));
      }
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void fail(FailRequest request, StreamObserver<FailResponse> observer) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder().setCode(request.getCode()).setMessage(request.getMessage());
    if (!request.getReason().isEmpty()) {
      ErrorInfo info = ErrorInfo.newBuilder().setReason(request.getReason()).setDomain("interop").build();
      status.addDetails(Any.pack(info));
    }
    if (request.hasRetryDelay()) {
      status.addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(request.getRetryDelay()).build()));
    }
    observer.onError(StatusProto.toStatusRuntimeException(status.build()));
  }

  @Override
  public void wait(WaitRequest request, StreamObserver<WaitResponse> observer) {
    long millis = Durations.toMillis(request.getDelay());
    Future<?> answer = timer.schedule(() -> {
      observer.onNext(WaitResponse.getDefaultInstance());
      observer.onCompleted();
    }, millis, TimeUnit.MILLISECONDS);
    ((ServerCallStreamObserver<WaitResponse>) observer).setOnCancelHandler(() -> answer.cancel(false));
  }

  @Override
  public void download(DownloadRequest request, StreamObserver<DownloadResponse> observer) {
    // At most a megabyte, so that it needs no flow control.
    ByteString data = ByteString.copyFrom(new byte[request.getSize()]);
    for (int number = 0; number < request.getCount(); number++) {
      if (request.hasFailAfter() && number >= request.getFailAfter()) {
        observer.onError(ErrorStatus.declared(
            Status.Code.ABORTED, "DOWNLOAD_ABORTED", "the stream fails as requested", Map.of()));
        return;
      }
      observer.onNext(DownloadResponse.newBuilder().setNumber(number).setData(data).build());
    }
    observer.onCompleted();
  }

  @Override
  public StreamObserver<UploadRequest> upload(StreamObserver<UploadResponse> observer) {
    UploadResponse.Builder response = UploadResponse.newBuilder();
    return new RequestObserver<>() {
      @Override
      public void onNext(UploadRequest request) {
        response.setCount(response.getCount() + 1).setSize(response.getSize() + request.getData().size());
      }

      @Override
      public void onCompleted() {
        observer.onNext(response.build());
        observer.onCompleted();
      }
    };
  }

  @Override
  public StreamObserver<ConverseRequest> converse(StreamObserver<ConverseResponse> observer) {
    return new RequestObserver<>() {
      private int number;

      @Override
      public void onNext(ConverseRequest request) {
        number++;
        observer.onNext(ConverseResponse.newBuilder().setText(request.getText()).setNumber(number).build());
      }

      @Override
      public void onCompleted() {
        observer.onCompleted();
      }
    };
  }

  /** A stream of requests whose cancellation needs no work. */
  private abstract static class RequestObserver<T> implements StreamObserver<T> {
    @Override
    public void onError(Throwable cancelled) {
      // Nobody reads the answer.
    }
  }
}
