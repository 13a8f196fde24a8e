#include "execute.h"

#include <bindery/call_error.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <stdexcept>

namespace interop {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using Stub = grpc::TemplatedGenericStub<Message, Message>;

const MethodDescriptor& MethodOf(std::string path) {
  std::replace(path.begin(), path.end(), '/', '.');
  const MethodDescriptor* found = DescriptorPool::generated_pool()->FindMethodByName(path);
  if (found == nullptr) {
    throw std::invalid_argument("unknown method " + path);
  }
  return *found;
}

std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// Keeps the metadata of the test contract.
std::map<std::string, std::string> Visible(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  std::map<std::string, std::string> kept;
  for (const auto& [key_text, value_text] : metadata) {
    const std::string key(key_text.begin(), key_text.end());
    const std::string value(value_text.begin(), value_text.end());
    if (key.find("interop-") == std::string::npos) {
      continue;
    }
    auto [place, is_new] = kept.try_emplace(key, IsBinary(key) ? Base64(value) : value);
    if (!is_new && !IsBinary(key)) {
      place->second += "," + value;
    }
  }
  return kept;
}

// A call of any kind. Methods are called by their descriptors, so that every cell has the same form.
class Call {
 public:
  Call(const std::shared_ptr<grpc::Channel>& channel, const Cell& cell)
      : cell_(cell), method_(MethodOf(cell.method)), stub_(channel) {
    context_.set_deadline(std::chrono::system_clock::now() + cell.timeout);
    for (const auto& [key, value] : cell.metadata) {
      context_.AddMetadata(key, value);
    }
    if (cell.gzip) {
      context_.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
  }

  Observation Run() {
    if (cell_.cancel_after == 0u) {
      context_.TryCancel();
    }
    const bool is_unary = !method_.client_streaming() && !method_.server_streaming();
    const bindery::CallError error = bindery::CallError::Of(is_unary ? RunUnary() : RunStream());
    seen_.code = bindery::CodeName(error.code);
    seen_.message = error.message;
    seen_.reason = error.reason;
    for (const bindery::Violation& violation : error.violations) {
      seen_.violations.push_back(violation.field + " " + violation.rule);
    }
    if (error.retry_after) {
      seen_.retry_after_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*error.retry_after).count();
    }
    seen_.headers = Visible(context_.GetServerInitialMetadata());
    seen_.trailers = Visible(context_.GetServerTrailingMetadata());
    return seen_;
  }

 private:
  grpc::Status RunUnary() {
    grpc::Status status;
    auto request = Request(cell_.requests.at(0));
    auto response = NewMessage(method_.output_type());
    auto reader = stub_.PrepareUnaryCall(&context_, "/" + cell_.method, *request, &queue_);
    reader->StartCall();
    reader->Finish(response.get(), &status, this);
    Succeeds();
    if (status.ok()) {
      Record(*response);
    }
    return status;
  }

  grpc::Status RunStream() {
    auto stream = stub_.PrepareCall(&context_, "/" + cell_.method, &queue_);
    stream->StartCall(this);
    Succeeds();
    const bool is_conversation = method_.client_streaming() && method_.server_streaming();
    bool has_ended = false;
    for (const std::string& bytes : cell_.requests) {
      auto request = Request(bytes);
      stream->Write(*request, this);
      // The reason of a failure comes with the status. In a conversation, the answer comes before the
      // next question.
      if (!Succeeds() || (is_conversation && (has_ended = !Receive(*stream)))) {
        break;
      }
    }
    if (!has_ended) {
      stream->WritesDone(this);
      Succeeds();
      while (Receive(*stream)) {
      }
    }
    grpc::Status status;
    stream->Finish(&status, this);
    Succeeds();
    return status;
  }

  // Whether there was a further response.
  bool Receive(grpc::ClientAsyncReaderWriter<Message, Message>& stream) {
    auto response = NewMessage(method_.output_type());
    stream.Read(response.get(), this);
    if (!Succeeds()) {
      return false;
    }
    Record(*response);
    if (cell_.cancel_after == seen_.responses.size()) {
      context_.TryCancel();
    }
    return true;
  }

  // Waits for the operation that was started last.
  bool Succeeds() {
    void* tag = nullptr;
    bool has_succeeded = false;
    return queue_.Next(&tag, &has_succeeded) && has_succeeded;
  }

  std::unique_ptr<Message> Request(const std::string& bytes) const {
    auto request = NewMessage(method_.input_type());
    if (!request->ParseFromString(bytes)) {
      throw std::invalid_argument("malformed request of " + cell_.id);
    }
    return request;
  }

  void Record(const Message& response) {
    std::string text;
    const auto status = google::protobuf::util::MessageToJsonString(response, &text);
    seen_.responses.push_back(status.ok() ? text : nlohmann::json(status.ToString()).dump());
    seen_.response_bytes.push_back(Base64(response.SerializeAsString()));
  }

  const Cell& cell_;
  const MethodDescriptor& method_;
  Stub stub_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  Observation seen_;
};

}  // namespace

Observation Execute(const std::shared_ptr<grpc::Channel>& channel, const Cell& cell) {
  return Call(channel, cell).Run();
}

}  // namespace interop
