#include <bindery/call_error.h>
#include <bindery/connection.h>
#include <google/protobuf/util/time_util.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "bookstore/accounts/v1/session_service.grpc.pb.h"
#include "bookstore/inventory/v1/inventory_service.grpc.pb.h"
#include "buf/validate/validate.pb.h"
#include "field_path.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace {

using bookstore::accounts::v1::SessionService;
using bookstore::accounts::v1::SignInRequest;
using bookstore::accounts::v1::SignInResponse;
using bookstore::inventory::v1::GetBookRequest;
using bookstore::inventory::v1::GetBookResponse;
using bookstore::inventory::v1::InventoryService;
using buf::validate::FieldPath;
using Answer = std::function<grpc::Status(const grpc::ServerContext&)>;

// Answer as a test wants.
class FakeInventory : public InventoryService::Service {
 public:
  explicit FakeInventory(Answer answer) : answer_(std::move(answer)) {}

  grpc::Status GetBook(grpc::ServerContext* context, const GetBookRequest*, GetBookResponse*) override {
    return answer_(*context);
  }

 private:
  const Answer answer_;
};

class FakeSessions : public SessionService::Service {
 public:
  explicit FakeSessions(Answer answer) : answer_(std::move(answer)) {}

  // The contract does not declare it idempotent.
  grpc::Status SignIn(grpc::ServerContext* context, const SignInRequest*, SignInResponse*) override {
    return answer_(*context);
  }

 private:
  const Answer answer_;
};

// Counts its calls.
struct Fake {
  explicit Fake(const std::function<grpc::Status(const grpc::ServerContext&, int call)>& answer,
                const std::shared_ptr<grpc::ServerCredentials>& credentials = grpc::InsecureServerCredentials())
      : inventory([this, answer](const auto& context) { return answer(context, ++calls); }),
        sessions([this, answer](const auto& context) { return answer(context, ++calls); }) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port);
    builder.RegisterService(&inventory);
    builder.RegisterService(&sessions);
    server = builder.BuildAndStart();
  }

  grpc::Status GetBook(const bindery::ConnectionOptions& options = {},
                       std::chrono::milliseconds timeout = std::chrono::minutes(1)) const {
    auto stub = InventoryService::NewStub(bindery::Connect("127.0.0.1:" + std::to_string(port), options));
    bindery::CallContext context(timeout);
    GetBookResponse response;
    return stub->GetBook(&context, {}, &response);
  }

  grpc::Status SignIn() const {
    auto stub = SessionService::NewStub(bindery::Connect("127.0.0.1:" + std::to_string(port)));
    bindery::CallContext context(std::chrono::minutes(1));
    SignInResponse response;
    return stub->SignIn(&context, {}, &response);
  }

  std::atomic<int> calls = 0;
  FakeInventory inventory;
  FakeSessions sessions;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

TEST(Connection, IdempotentCallIsRetried) {
  Fake fake([](const auto&, int call) {
    return call < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting") : grpc::Status::OK;
  });
  EXPECT_TRUE(fake.GetBook().ok());
  EXPECT_EQ(fake.calls, 3);
}

TEST(Connection, OtherCallIsNotRetried) {
  Fake fake([](const auto&, int) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting"); });
  EXPECT_EQ(fake.SignIn().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(fake.calls, 1);
}

TEST(CallContext, ServerKnowsTheDeadline) {
  Fake fake([](const grpc::ServerContext& context, int) {
    const auto left = context.deadline() - std::chrono::system_clock::now();
    const bool is_known = left > std::chrono::minutes(1) && left < std::chrono::hours(2);
    return is_known ? grpc::Status::OK : grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "other deadline");
  });
  EXPECT_EQ(fake.GetBook({}, std::chrono::hours(1)).error_message(), "");
}

TEST(CallContext, CallEndsAtItsDeadline) {
  Fake fake([](const grpc::ServerContext& context, int) {
    while (!context.IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return grpc::Status::OK;
  });
  EXPECT_EQ(fake.GetBook({}, std::chrono::milliseconds(50)).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(Connection, CallHasTheToken) {
  Fake fake([](const grpc::ServerContext& context, int) {
    const auto found = context.client_metadata().find("authorization");
    const bool has_token = found != context.client_metadata().end();
    return grpc::Status(grpc::StatusCode::ABORTED, has_token ? std::string(found->second.begin(), found->second.end()) : "none");
  });
  EXPECT_EQ(fake.GetBook({.token = "secret"}).error_message(), "Bearer secret");
  EXPECT_EQ(fake.GetBook().error_message(), "none");
}

TEST(Connection, CertificateNamesTheCaller) {
  const char* folder = std::getenv("BINDERY_CERTS");
  if (folder == nullptr) {
    GTEST_SKIP() << "BINDERY_CERTS names no folder with certificates";
  }
  const auto text = [folder](const std::string& name) {
    std::ifstream file(std::string(folder) + "/" + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = text("ca.pem");
  tls.pem_key_cert_pairs = {{text("server.key"), text("server.pem")}};
  Fake fake(
      [](const grpc::ServerContext& context, int) {
        const auto names = context.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
        return grpc::Status(grpc::StatusCode::ABORTED, names.empty() ? "" : std::string(names[0].begin(), names[0].end()));
      },
      grpc::SslServerCredentials(tls));
  const auto mutual = grpc::SslCredentials({text("ca.pem"), text("cart/client.key"), text("cart/client.pem")});
  EXPECT_EQ(fake.GetBook({.credentials = mutual}).error_message(), "spiffe://bindery/service/cart");
  const auto without_certificate = grpc::SslCredentials({text("ca.pem"), "", ""});
  EXPECT_EQ(fake.GetBook({.credentials = without_certificate}).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(CallError, RefusalIsNotRetriedAndHasItsDetails) {
  google::rpc::ErrorInfo info;
  info.set_reason("SOME_REASON");
  (*info.mutable_metadata())["book_id"] = "7";
  google::rpc::RetryInfo retry;
  *retry.mutable_retry_delay() = google::protobuf::util::TimeUtil::MillisecondsToDuration(1500);
  buf::validate::Violations violations;
  buf::validate::Violation* violation = violations.add_violations();
  violation->set_rule_id("int32.gte");
  violation->set_message("too small");
  buf::validate::FieldPathElement* element = violation->mutable_field()->add_elements();
  element->set_field_name("books");
  element->set_index(2);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(retry);
  details.add_details()->PackFrom(violations);
  Fake fake([&](const auto&, int) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no", details.SerializeAsString());
  });

  const bindery::CallError error = bindery::CallError::Of(fake.GetBook());
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.message, "no");
  EXPECT_EQ(error.reason, "SOME_REASON");
  EXPECT_EQ(error.metadata.at("book_id"), "7");
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds(1500));
  ASSERT_EQ(error.violations.size(), 1u);
  EXPECT_EQ(error.violations[0].field, "books[2]");
  EXPECT_EQ(error.violations[0].rule, "int32.gte");
  EXPECT_EQ(error.violations[0].message, "too small");
  EXPECT_EQ(fake.calls, 1);
}

TEST(CallError, FieldPathHasTheNotationOfProtovalidate) {
  FieldPath path;
  path.add_elements()->set_field_name("a");
  path.add_elements()->set_field_name("b");
  path.mutable_elements(1)->set_string_key("x\"y");
  path.add_elements()->set_field_name("c");
  path.mutable_elements(2)->set_bool_key(true);
  path.add_elements()->set_field_name("d");
  path.mutable_elements(3)->set_int_key(-1);
  EXPECT_EQ(bindery::FieldPathText(path), R"(a.b["x\"y"].c[true].d[-1])");
}

}  // namespace
