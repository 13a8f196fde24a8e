// Connects to a server of the contract. It adds to gRPC what a caller needs: deadlines, retries of the
// methods that the contract declares idempotent, and credentials. bindery::CallError decodes errors.
//
//   auto channel = bindery::Connect("127.0.0.1:50051", {.token = token});
//   auto inventory = InventoryService::NewStub(channel);
//   bindery::CallContext context;
//   grpc::Status status = inventory->GetBook(&context, request, &response);
#ifndef BINDERY_CONNECTION_H_
#define BINDERY_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <memory>
#include <string>

namespace bindery {

struct ConnectionOptions {
  // TLS: grpc::SslCredentials, with a key and a certificate for mutual TLS. Null: the connection is
  // plain text, which is meant for loopback.
  std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
  // Is sent as `authorization: Bearer TOKEN` with every call, also over plain text: the token of the
  // operator or of a session. Empty: none.
  std::string token = {};
  // Further arguments of gRPC.
  grpc::ChannelArguments arguments = {};
};

// Makes a channel for all services of the contract. The first call connects, so a server that does not
// respond is an error of that call.
std::shared_ptr<grpc::Channel> Connect(const std::string& target, const ConnectionOptions& options = {});

// The context of a unary call, with a deadline. A stream may last as long as it wants: it has a
// grpc::ClientContext. The timeout is not in the service config, because gRPC ends calls up to two seconds
// before the timeout that is given there (https://github.com/grpc/grpc/issues/34547).
class CallContext : public grpc::ClientContext {
 public:
  explicit CallContext(std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    set_deadline(std::chrono::system_clock::now() + timeout);
  }
};

}  // namespace bindery

#endif  // BINDERY_CONNECTION_H_
