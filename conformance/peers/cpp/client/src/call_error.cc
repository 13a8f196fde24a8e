#include "bindery/call_error.h"

#include <google/protobuf/util/time_util.h>

#include <iterator>

#include "buf/validate/validate.pb.h"
#include "field_path.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace bindery {

CallError CallError::Of(const grpc::Status& status) {
  CallError error;
  error.code = status.error_code();
  error.message = status.error_message();
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) {
    return error;
  }
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    buf::validate::Violations violations;
    if (detail.UnpackTo(&info)) {
      error.reason = info.reason();
      error.metadata = {info.metadata().begin(), info.metadata().end()};
    } else if (detail.UnpackTo(&retry)) {
      error.retry_after = std::chrono::nanoseconds(
          google::protobuf::util::TimeUtil::DurationToNanoseconds(retry.retry_delay()));
    } else if (detail.UnpackTo(&violations)) {
      for (const buf::validate::Violation& violation : violations.violations()) {
        error.violations.push_back({FieldPathText(violation.field()), violation.rule_id(), violation.message()});
      }
    }
  }
  return error;
}

std::string CodeName(grpc::StatusCode code) {
  static const char* const kNames[] = {
      "OK",                "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED", "NOT_FOUND",
      "ALREADY_EXISTS",    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",        "OUT_OF_RANGE",
      "UNIMPLEMENTED",     "INTERNAL",       "UNAVAILABLE",       "DATA_LOSS",          "UNAUTHENTICATED"};
  return code >= 0 && code < static_cast<int>(std::size(kNames)) ? kNames[code] : std::to_string(code);
}

}  // namespace bindery
