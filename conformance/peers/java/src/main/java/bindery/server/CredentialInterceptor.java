package bindery.server;

import com.google.protobuf.Descriptors.MethodDescriptor;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import proofread.v1.Options;

/**
 * Refuses calls without the operator token, for the methods for which the contract asks for it by
 * (proofread.v1.access).
 */
final class CredentialInterceptor implements ServerInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final byte[] expected;

  CredentialInterceptor(String operatorToken) {
    expected = ("Bearer " + operatorToken).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    StatusRuntimeException refusal = isRestricted(call) ? check(headers.get(AUTHORIZATION)) : null;
    if (refusal == null) {
      return next.startCall(call, headers);
    }
    call.close(refusal.getStatus(), refusal.getTrailers());
    return new ServerCall.Listener<>() {};
  }

  private static boolean isRestricted(ServerCall<?, ?> call) {
    return call.getMethodDescriptor().getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema
        && accessCount(schema.getMethodDescriptor()) > 0;
  }

  private static int accessCount(MethodDescriptor method) {
    return method.getOptions().getExtensionCount(Options.access);
  }

  /** Null if the credential is the operator token. */
  private StatusRuntimeException check(String given) {
    if (given == null) {
      return ErrorStatus.declared(
          Code.UNAUTHENTICATED,
          "CREDENTIAL_MISSING",
          "the call has no operator token; send it in the metadata as authorization: Bearer TOKEN",
          Map.of());
    }
    if (!MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), expected)) {
      return ErrorStatus.declared(
          Code.PERMISSION_DENIED, "CREDENTIAL_REFUSED", "the credential is not the operator token", Map.of());
    }
    return null;
  }
}
