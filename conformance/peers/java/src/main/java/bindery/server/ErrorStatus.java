package bindery.server;

import bindery.client.FieldPaths;
import build.buf.validate.Violation;
import build.buf.validate.Violations;
import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Makes statuses with details. */
final class ErrorStatus {
  private static final String DOMAIN = "bookstore";

  /**
   * The maximum size of google.rpc.Status. In base64 it is 4/3 as large, and proxies refuse trailers
   * above 8 KiB.
   */
  private static final int MAX_STATUS_BYTES = 4000;

  private static final int MAX_MESSAGE_CHARACTERS = 200;

  private ErrorStatus() {}

  /** An error that the contract declares. */
  static StatusRuntimeException declared(Code code, String reason, String message, Map<String, String> metadata) {
    ErrorInfo info = ErrorInfo.newBuilder().setReason(reason).setDomain(DOMAIN).putAllMetadata(metadata).build();
    return StatusProto.toStatusRuntimeException(
        Status.newBuilder().setCode(code.value()).setMessage(message).addDetails(Any.pack(info)).build());
  }

  /**
   * INVALID_ARGUMENT with the violations in both forms that client libraries know. It leaves
   * violations out if the status would be too large, and says how many.
   */
  static StatusRuntimeException violations(List<Violation> violations) {
    int listed = violations.size();
    while (true) {
      Status status = listed(violations.subList(0, listed), violations.size() - listed);
      if (listed == 1 || status.getSerializedSize() <= MAX_STATUS_BYTES) {
        return StatusProto.toStatusRuntimeException(status);
      }
      listed -= Math.max(listed / 4, 1);
    }
  }

  private static Status listed(List<Violation> violations, int leftOut) {
    BadRequest.Builder badRequest = BadRequest.newBuilder();
    for (Violation violation : violations) {
      badRequest.addFieldViolations(
          FieldViolation.newBuilder()
              .setField(FieldPaths.text(violation.getField()))
              .setDescription(violation.getMessage())
              .setReason(reason(violation.getRuleId())));
    }
    FieldViolation first = badRequest.getFieldViolations(0);
    String message = first.getField() + ": " + first.getDescription();
    message = message.substring(0, Math.min(message.length(), MAX_MESSAGE_CHARACTERS));
    if (leftOut > 0) {
      message += " (" + leftOut + " more are not listed)";
    }
    return Status.newBuilder()
        .setCode(Code.INVALID_ARGUMENT.value())
        .setMessage(message)
        .addDetails(Any.pack(Violations.newBuilder().addAllViolations(violations).build()))
        .addDetails(Any.pack(badRequest.build()))
        .build();
  }

  /** A rule id as Google's guidelines write reasons: {@code string.min_len} as STRING_MIN_LEN. */
  private static String reason(String ruleId) {
    return ruleId.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }
}
