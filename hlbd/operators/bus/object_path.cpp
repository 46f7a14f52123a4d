#include "operators/bus/object_path.h"

#include "libnss_hlb/bus.h"

namespace hlb::bus {
namespace {

bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

void append_escaped(std::string& element, char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  element += '_';
  element += kDigits[value >> 4U];
  element += kDigits[value & 0xFU];
}

}  // namespace

std::string path_element(std::string_view text) {
  if (text.empty()) return "_";
  std::string element;
  for (const char byte : text) {
    if (is_letter(byte) || (is_digit(byte) && !element.empty())) {
      element += byte;
    } else {
      append_escaped(element, byte);
    }
  }
  return element;
}

std::string service_path(std::string_view service) {
  return std::string(kPath) + "/service/" + path_element(service);
}

std::string backend_path(std::string_view service, std::string_view address) {
  return service_path(service) + "/" + path_element(address);
}

}  // namespace hlb::bus
