// What a check's type is called in the configuration, and towards people.
#pragma once

#include <array>
#include <string_view>
#include <variant>

#include "health/check_spec.h"

namespace hlb {

inline std::string_view name_of(const CheckMethod& method) {
  static constexpr std::array<std::string_view, 9> kNames = {"none", "tcp",  "http", "tls",  "grpc",
                                                             "icmp", "exec", "file", "agent"};
  static_assert(kNames.size() == std::variant_size_v<CheckMethod>);
  const auto* http = std::get_if<HttpCheck>(&method);
  return http != nullptr && http->tls ? "https" : kNames.at(method.index());
}

}  // namespace hlb
