#ifndef BINDERY_FIELD_PATH_H_
#define BINDERY_FIELD_PATH_H_

#include <string>

#include "buf/validate/validate.pb.h"

namespace bindery {

// Writes a field path in the notation of protovalidate: `books[0].prices["USD"]`.
std::string FieldPathText(const buf::validate::FieldPath& path);

}  // namespace bindery

#endif  // BINDERY_FIELD_PATH_H_
