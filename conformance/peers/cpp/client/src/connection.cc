#include "bindery/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_interceptor.h>

#include <utility>
#include <vector>

#include "service_config.h"

namespace bindery {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// Sends a token. gRPC's own credentials of calls are refused on a connection in plain text.
class BearerInterceptor : public Interceptor {
 public:
  explicit BearerInterceptor(std::string value) : value_(std::move(value)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->insert({"authorization", value_});
    }
    methods->Proceed();
  }

 private:
  const std::string value_;
};

class BearerInterceptorFactory : public ClientInterceptorFactoryInterface {
 public:
  explicit BearerInterceptorFactory(const std::string& token) : value_("Bearer " + token) {}

  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override { return new BearerInterceptor(value_); }

 private:
  const std::string value_;
};

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& target, const ConnectionOptions& options) {
  grpc::ChannelArguments arguments = options.arguments;
  arguments.SetServiceConfigJSON(ServiceConfig());
  auto credentials = options.credentials ? options.credentials : grpc::InsecureChannelCredentials();
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  if (!options.token.empty()) {
    interceptors.push_back(std::make_unique<BearerInterceptorFactory>(options.token));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      target, credentials, arguments, std::move(interceptors));
}

}  // namespace bindery
