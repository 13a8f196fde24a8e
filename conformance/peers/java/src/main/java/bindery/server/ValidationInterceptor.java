package bindery.server;

import build.buf.protovalidate.Config;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.Violation;
import com.google.protobuf.Message;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;

/**
 * Refuses requests that break a rule of the contract, before a handler gets them. In a stream of
 * requests, each message is validated.
 */
final class ValidationInterceptor implements ServerInterceptor {
  // The native rules of protovalidate 1.3.0 compare a pattern with the whole text. By its standard,
  // which the rules in CEL follow, a part of the text is enough.
  private final Validator validator =
      ValidatorFactory.newBuilder().withConfig(Config.newBuilder().setEnableNativeRules(false).build()).build();
  private final String ignoredRule;

  /** {@code ignoredRule} is not checked, so that a test can see that proofread notices it. */
  ValidationInterceptor(String ignoredRule) {
    this.ignoredRule = ignoredRule;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new ValidatingListener<>(call, next.startCall(call, headers));
  }

  private final class ValidatingListener<Q, R> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, R> call;
    private boolean refused;

    ValidatingListener(ServerCall<Q, R> call, ServerCall.Listener<Q> next) {
      super(next);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (refused) {
        return;
      }
      try {
        check((Message) message);
      } catch (StatusRuntimeException refusal) {
        refused = true;
        Metadata trailers = refusal.getTrailers() == null ? new Metadata() : refusal.getTrailers();
        call.close(refusal.getStatus(), trailers);
        // The handler of a stream waits for further messages: for it, the call is over.
        super.onCancel();
        return;
      }
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }

    @Override
    public void onCancel() {
      if (!refused) {
        super.onCancel();
      }
    }

    @Override
    public void onComplete() {
      if (!refused) {
        super.onComplete();
      }
    }
  }

  private void check(Message message) {
    List<Violation> violations;
    try {
      violations = validator.validate(message).toProto().getViolationsList();
    } catch (ValidationException failed) {
      throw Status.INTERNAL.withDescription("the request could not be validated").asRuntimeException();
    }
    violations = violations.stream().filter(violation -> !violation.getRuleId().equals(ignoredRule)).toList();
    if (!violations.isEmpty()) {
      throw ErrorStatus.violations(violations);
    }
  }
}
