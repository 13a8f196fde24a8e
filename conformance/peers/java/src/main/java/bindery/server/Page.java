package bindery.server;

import io.grpc.Status.Code;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * A page of a list and the token of the next one, which contains the filter of the call and the
 * position of the next item.
 */
record Page<T>(List<T> items, String nextToken) {
  private static final int DEFAULT_SIZE = 20;

  /**
   * Throws PAGE_TOKEN_INVALID if the token is of another filter.
   */
  static <T> Page<T> of(List<T> all, String filter, int size, String token) {
    int first = token.isEmpty() ? 0 : Math.min(positionOf(token, filter), all.size());
    int end = Math.min(first + (size == 0 ? DEFAULT_SIZE : size), all.size());
    return new Page<>(all.subList(first, end), end == all.size() ? "" : token(filter, end));
  }

  private static String token(String filter, int position) {
    byte[] text = (position + "/" + filter).getBytes(StandardCharsets.UTF_8);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(text);
  }

  private static int positionOf(String token, String filter) {
    try {
      String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
      int position = Integer.parseInt(text.substring(0, Math.max(text.indexOf('/'), 0)));
      // Only the token that `token` makes: several texts may stand for one number.
      if (position > 0 && token.equals(token(filter, position))) {
        return position;
      }
    } catch (IllegalArgumentException invalid) {
      // Not one of our tokens, as below.
    }
    throw ErrorStatus.declared(
        Code.INVALID_ARGUMENT,
        "PAGE_TOKEN_INVALID",
        "this method did not return the page token for the same filter; request the first page again",
        Map.of());
  }
}
