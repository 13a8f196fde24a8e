// Executes the cells of the interoperability matrix with the C++ client.
//
// Reads a JSON list of cells from standard input, makes their calls one after the other at the
// address of its last argument, and prints what it observed, one line of JSON for each cell. --ca is
// the authority of the server's certificate, for TLS. --protocol is grpc: gRPC speaks no other one.
#include <bindery/connection.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "cell.h"
#include "execute.h"

namespace {

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw std::invalid_argument("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

bindery::ConnectionOptions OptionsOf(const std::vector<std::string>& flags) {
  bindery::ConnectionOptions options;
  for (size_t i = 0; i + 1 < flags.size(); i += 2) {
    const std::string& value = flags[i + 1];
    if (flags[i] == "--ca") {
      grpc::SslCredentialsOptions tls;
      tls.pem_root_certs = FileText(value);
      options.credentials = grpc::SslCredentials(tls);
    } else if (flags[i] != "--protocol" || value != "grpc") {
      throw std::invalid_argument("unknown flag " + flags[i] + " " + value);
    }
  }
  return options;
}

void Run(const std::string& address, bindery::ConnectionOptions options) {
  const auto anonymous = bindery::Connect(address, options);
  const char* token = std::getenv("INTEROP_TOKEN");
  options.token = token == nullptr ? "" : token;
  const auto channel = bindery::Connect(address, options);
  for (const nlohmann::json& json : nlohmann::json::parse(std::cin)) {
    const interop::Cell cell = interop::CellFromJson(json);
    std::cout << interop::ToJson(cell.id, interop::Execute(cell.anonymous ? anonymous : channel, cell)) << std::endl;
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::vector<std::string> flags(arguments + 1, arguments + count);
    Run(flags.at(flags.size() - 1), OptionsOf(flags));
  } catch (const std::exception& failed) {
    std::cerr << failed.what() << "\n";
    return 1;
  }
}
