#ifndef BINDERY_CALL_ERROR_H_
#define BINDERY_CALL_ERROR_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bindery {

// A rule of the contract that the request breaks.
struct Violation {
  // The path of the field, such as `books[0].book.title`.
  std::string field;
  // The id of the rule, such as `string.min_len`.
  std::string rule;
  std::string message;
};

// What the error of a call says.
struct CallError {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string message;
  // The reason that the contract declares, such as BOOK_NOT_FOUND. Empty if the error has none, as
  // those of the transport.
  std::string reason;
  // Belongs to the reason, such as the book_id of BOOK_NOT_FOUND.
  std::map<std::string, std::string> metadata;
  // The rules of the contract that the request breaks.
  std::vector<Violation> violations;
  // How long the server asks to wait before a retry, if it says so.
  std::optional<std::chrono::nanoseconds> retry_after;

  // Decodes the details of a status. Those that cannot be decoded are left out.
  static CallError Of(const grpc::Status& status);
};

// The name in the documentation of gRPC, such as NOT_FOUND.
std::string CodeName(grpc::StatusCode code);

}  // namespace bindery

#endif  // BINDERY_CALL_ERROR_H_
