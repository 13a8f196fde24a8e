#include "service_config.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <vector>

#include "bookstore/accounts/v1/account_service.pb.h"
#include "bookstore/accounts/v1/session_service.pb.h"
#include "bookstore/cart/v1/cart_service.pb.h"
#include "bookstore/cart/v1/checkout_service.pb.h"
#include "bookstore/inventory/v1/inventory_service.pb.h"
#include "bookstore/recommendations/v1/recommendation_service.pb.h"
#include "bookstore/reviews/v1/review_service.pb.h"
#include "bookstore/transactions/v1/transaction_service.pb.h"

namespace bindery {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;

constexpr char kRetryPolicy[] =
    R"({"maxAttempts":4,"initialBackoff":"0.05s","maxBackoff":"1s","backoffMultiplier":2,)"
    R"("retryableStatusCodes":["UNAVAILABLE"]})";
// While most calls fail, retries would only add load.
constexpr char kRetryThrottling[] = R"({"maxTokens":10,"tokenRatio":0.2})";

// The files with services. A message of each one gives its descriptor, and links its code.
std::vector<const FileDescriptor*> Files() {
  return {
      bookstore::accounts::v1::GetAccountRequest::descriptor()->file(),
      bookstore::accounts::v1::SignInRequest::descriptor()->file(),
      bookstore::cart::v1::GetCartRequest::descriptor()->file(),
      bookstore::cart::v1::GetOrderRequest::descriptor()->file(),
      bookstore::inventory::v1::GetBookRequest::descriptor()->file(),
      bookstore::recommendations::v1::RecommendRequest::descriptor()->file(),
      bookstore::reviews::v1::GetReviewRequest::descriptor()->file(),
      bookstore::transactions::v1::GetTransactionRequest::descriptor()->file(),
  };
}

}  // namespace

std::string ServiceConfig() {
  std::string names;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        const MethodDescriptor& method = *service.method(j);
        if (method.options().idempotency_level() != MethodOptions::IDEMPOTENCY_UNKNOWN) {
          names += names.empty() ? "" : ",";
          names += R"({"service":")" + service.full_name() + R"(","method":")" + method.name() + R"("})";
        }
      }
    }
  }
  return R"({"methodConfig":[{"name":[)" + names + R"(],"retryPolicy":)" + kRetryPolicy +
         R"(}],"retryThrottling":)" + kRetryThrottling + "}";
}

}  // namespace bindery
