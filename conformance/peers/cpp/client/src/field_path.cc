#include "field_path.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

namespace bindery {
namespace {

using buf::validate::FieldPathElement;

// Puts a text into quotes, with the escapes of JSON.
std::string Quoted(const std::string& text) {
  google::protobuf::StringValue value;
  value.set_value(text);
  std::string quoted;
  return google::protobuf::util::MessageToJsonString(value, &quoted).ok() ? quoted : "\"\"";
}

std::string Subscript(const FieldPathElement& element) {
  switch (element.subscript_case()) {
    case FieldPathElement::kIndex:
      return std::to_string(element.index());
    case FieldPathElement::kBoolKey:
      return element.bool_key() ? "true" : "false";
    case FieldPathElement::kIntKey:
      return std::to_string(element.int_key());
    case FieldPathElement::kUintKey:
      return std::to_string(element.uint_key());
    case FieldPathElement::kStringKey:
      return Quoted(element.string_key());
    case FieldPathElement::SUBSCRIPT_NOT_SET:
      break;
  }
  return "";
}

}  // namespace

std::string FieldPathText(const buf::validate::FieldPath& path) {
  std::string text;
  for (const FieldPathElement& element : path.elements()) {
    text += (text.empty() ? "" : ".") + element.field_name();
    if (element.subscript_case() != FieldPathElement::SUBSCRIPT_NOT_SET) {
      text += "[" + Subscript(element) + "]";
    }
  }
  return text;
}

}  // namespace bindery
