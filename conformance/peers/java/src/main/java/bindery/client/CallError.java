package bindery.client;

import build.buf.validate.Violations;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the error of a call says.
 *
 * @param reason the reason that the contract declares, such as BOOK_NOT_FOUND. Empty if the error has
 *     none, as those of the transport.
 * @param metadata belongs to the reason, such as the book_id of BOOK_NOT_FOUND.
 * @param violations the rules of the contract that the request breaks.
 * @param retryAfter how long the server asks to wait before a retry.
 */
public record CallError(
    Code code,
    String message,
    String reason,
    Map<String, String> metadata,
    List<Violation> violations,
    Optional<Duration> retryAfter) {

  /**
   * A rule of the contract that the request breaks.
   *
   * @param field the path of the field, such as {@code books[0].book.title}.
   * @param rule the id of the rule, such as {@code string.min_len}.
   */
  public record Violation(String field, String rule, String message) {}

  /** Decodes the details of an error. Those that cannot be decoded are left out. */
  public static CallError of(StatusRuntimeException error) {
    String message = Optional.ofNullable(error.getStatus().getDescription()).orElse("");
    String reason = "";
    Map<String, String> metadata = Map.of();
    List<Violation> violations = List.of();
    Optional<Duration> retryAfter = Optional.empty();
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    for (Any detail : status == null ? List.<Any>of() : status.getDetailsList()) {
      try {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          reason = info.getReason();
          metadata = info.getMetadataMap();
        } else if (detail.is(RetryInfo.class)) {
          RetryInfo info = detail.unpack(RetryInfo.class);
          retryAfter = Optional.of(Duration.ofNanos(Durations.toNanos(info.getRetryDelay())));
        } else if (detail.is(Violations.class)) {
          violations = detail.unpack(Violations.class).getViolationsList().stream()
              .map(it -> new Violation(FieldPaths.text(it.getField()), it.getRuleId(), it.getMessage()))
              .toList();
        }
      } catch (InvalidProtocolBufferException invalid) {
        continue;
      }
    }
    return new CallError(error.getStatus().getCode(), message, reason, metadata, violations, retryAfter);
  }
}
