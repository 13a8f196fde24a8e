#ifndef BINDERY_INTEROP_CELL_H_
#define BINDERY_INTEROP_CELL_H_

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace interop {

// One call: what to send, and how.
struct Cell {
  std::string id;
  // package.Service/Method
  std::string method;
  // The messages, encoded.
  std::vector<std::string> requests;
  // Those whose keys end with -bin are bytes, the others text.
  std::map<std::string, std::string> metadata;
  std::chrono::milliseconds timeout = std::chrono::minutes(1);
  // Cancels the call after so many responses, or at once if it is 0.
  std::optional<size_t> cancel_after;
  bool gzip = false;
  // The call has no credential.
  bool anonymous = false;
};

// Reads a cell from JSON, where bytes are base64.
Cell CellFromJson(const nlohmann::json& json);

// What the client has seen of a call.
struct Observation {
  std::string code;
  std::string message;
  std::string reason;
  std::vector<std::string> violations;
  int64_t retry_after_ms = 0;
  // The responses in JSON, and in base64.
  std::vector<std::string> responses;
  std::vector<std::string> response_bytes;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> trailers;
};

// One line of JSON.
std::string ToJson(const std::string& id, const Observation& seen);

bool IsBinary(const std::string& key);

std::string Base64(const std::string& bytes);

}  // namespace interop

#endif  // BINDERY_INTEROP_CELL_H_
