// An example of the client: it asks for one book, and shows how an error is handled.
#include <bindery/call_error.h>
#include <bindery/connection.h>

#include <iostream>

#include "bookstore/inventory/v1/inventory_service.grpc.pb.h"

namespace inventory = bookstore::inventory::v1;

int main(int, char** arguments) {
  auto stub = inventory::InventoryService::NewStub(bindery::Connect(arguments[1]));
  inventory::GetBookRequest request;
  inventory::GetBookResponse response;
  request.set_book_id(1);
  bindery::CallContext first;
  grpc::Status status = stub->GetBook(&first, request, &response);
  std::cout << (status.ok() ? response.book().title() : status.error_message()) << "\n";
  request.clear_book_id();
  bindery::CallContext second;
  bindery::CallError error = bindery::CallError::Of(stub->GetBook(&second, request, &response));
  for (const bindery::Violation& violation : error.violations) {
    std::cout << violation.field << " " << violation.rule << "\n";
  }
}
