package bindery.client;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads from the contract which methods may be retried. */
final class ServiceConfig {
  private static final Map<String, Object> RETRY_POLICY =
      Map.of(
          "maxAttempts", 4.0,
          "initialBackoff", "0.05s",
          "maxBackoff", "1s",
          "backoffMultiplier", 2.0,
          "retryableStatusCodes", List.of("UNAVAILABLE"));

  /** While most calls fail, retries would only add load. */
  private static final Map<String, Object> RETRY_THROTTLING = Map.of("maxTokens", 10.0, "tokenRatio", 0.2);

  private ServiceConfig() {}

  /** A unary method gets the timeout; a stream may last as long as it wants. */
  static Map<String, Object> of(List<ServiceDescriptor> services, Duration timeout) {
    List<Map<String, Object>> methods = new ArrayList<>();
    for (ServiceDescriptor service : services) {
      for (MethodDescriptor<?, ?> method : service.getMethods()) {
        methods.add(configOf(method, timeout));
      }
    }
    return Map.of("methodConfig", methods, "retryThrottling", RETRY_THROTTLING);
  }

  private static Map<String, Object> configOf(MethodDescriptor<?, ?> method, Duration timeout) {
    Map<String, Object> config = new HashMap<>();
    config.put("name", List.of(Map.of("service", method.getServiceName(), "method", method.getBareMethodName())));
    if (method.getType() == MethodDescriptor.MethodType.UNARY) {
      config.put("timeout", String.format(Locale.ROOT, "%.3fs", timeout.toMillis() / 1000.0));
    }
    if (method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema
        && schema.getMethodDescriptor().getOptions().getIdempotencyLevel() != IdempotencyLevel.IDEMPOTENCY_UNKNOWN) {
      config.put("retryPolicy", RETRY_POLICY);
    }
    return config;
  }
}
