#ifndef BINDERY_SERVICE_CONFIG_H_
#define BINDERY_SERVICE_CONFIG_H_

#include <string>

namespace bindery {

// The service config of gRPC as JSON: the methods that the contract declares idempotent may be retried.
std::string ServiceConfig();

}  // namespace bindery

#endif  // BINDERY_SERVICE_CONFIG_H_
