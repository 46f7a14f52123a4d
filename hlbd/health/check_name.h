// What a check's type is called in the configuration, and towards people and programs.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <variant>

#include "health/check_spec.h"

namespace hlb {

// In the order of the methods, and https, which is http with TLS, at last.
inline constexpr std::array<std::string_view, 10> kCheckTypes = {
    "none", "tcp", "http", "tls", "grpc", "icmp", "exec", "file", "agent", "https"};
static_assert(kCheckTypes.size() == std::variant_size_v<CheckMethod> + 1);

// The place of the method's type in kCheckTypes.
inline std::size_t type_of(const CheckMethod& method) {
  const auto* http = std::get_if<HttpCheck>(&method);
  return http != nullptr && http->tls ? kCheckTypes.size() - 1 : method.index();
}

inline std::string_view name_of(const CheckMethod& method) {
  return kCheckTypes.at(type_of(method));
}

}  // namespace hlb
