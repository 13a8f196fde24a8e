package bindery.interop;

import java.util.List;
import java.util.Map;

/**
 * One call: what to send, and how.
 *
 * @param method package.Service/Method
 * @param requests the messages, encoded, in base64
 * @param metadata text; the values of keys that end with -bin are base64
 * @param timeout_ms null: one minute
 * @param cancel_after cancels the call after so many responses, or at once if it is 0
 * @param anonymous the call has no credential
 */
record Cell(
    String id,
    String method,
    List<String> requests,
    Map<String, String> metadata,
    Integer timeout_ms,
    Integer cancel_after,
    boolean gzip,
    boolean anonymous) {}
