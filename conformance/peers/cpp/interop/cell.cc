#include "cell.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_join.h>

#include <stdexcept>

namespace interop {
namespace {

std::string FromBase64(const std::string& text) {
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes)) {
    throw std::invalid_argument("not base64: " + text);
  }
  return bytes;
}

}  // namespace

Cell CellFromJson(const nlohmann::json& json) {
  Cell cell;
  cell.id = json.at("id");
  cell.method = json.at("method");
  for (const nlohmann::json& request : json.at("requests")) {
    cell.requests.push_back(FromBase64(request));
  }
  const std::map<std::string, std::string> metadata = json.value("metadata", decltype(cell.metadata){});
  for (const auto& [key, value] : metadata) {
    cell.metadata[key] = IsBinary(key) ? FromBase64(value) : value;
  }
  cell.timeout = std::chrono::milliseconds(json.value("timeout_ms", cell.timeout.count()));
  if (json.contains("cancel_after")) {
    cell.cancel_after = json["cancel_after"].get<size_t>();
  }
  cell.gzip = json.value("gzip", false);
  cell.anonymous = json.value("anonymous", false);
  return cell;
}

std::string ToJson(const std::string& id, const Observation& seen) {
  const nlohmann::json json = {
      {"id", id},
      {"code", seen.code},
      {"message", seen.message},
      {"reason", seen.reason},
      {"violations", seen.violations},
      {"retry_after_ms", seen.retry_after_ms},
      {"response_bytes", seen.response_bytes},
      {"headers", seen.headers},
      {"trailers", seen.trailers},
  };
  std::string text = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  // As they are: parsing them could change a number.
  text.back() = ',';
  return text + "\"responses\":[" + absl::StrJoin(seen.responses, ",") + "]}";
}

bool IsBinary(const std::string& key) { return absl::EndsWith(key, "-bin"); }

std::string Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }

}  // namespace interop
