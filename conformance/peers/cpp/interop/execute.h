#ifndef BINDERY_INTEROP_EXECUTE_H_
#define BINDERY_INTEROP_EXECUTE_H_

#include <grpcpp/channel.h>

#include <memory>

#include "cell.h"

namespace interop {

// Makes the call of one cell.
Observation Execute(const std::shared_ptr<grpc::Channel>& channel, const Cell& cell);

}  // namespace interop

#endif  // BINDERY_INTEROP_EXECUTE_H_
