package bindery.interop;

import com.google.gson.JsonElement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the client has seen of a call. The fields have the names of its JSON form. */
final class Observation {
  String id;
  String code = "OK";
  String message = "";
  String reason = "";
  List<String> violations = List.of();
  long retry_after_ms;
  final List<JsonElement> responses = new ArrayList<>();
  final List<String> response_bytes = new ArrayList<>();
  Map<String, String> headers = new TreeMap<>();
  Map<String, String> trailers = new TreeMap<>();
}
