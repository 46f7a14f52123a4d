// Why something that an operator or a program asked for isn't done.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hlb {

struct Refusal {
  enum class Kind : std::uint8_t {
    no_such_service,
    no_healthy_backend,
    no_such_backend,
    invalid_arguments,
    invalid_config,
    not_kept,  // on the disk
    access_denied,
    not_possible,  // on this host, or as it is set up
  };

  Kind kind = Kind::invalid_arguments;
  std::string message;  // for people
};

inline tl::unexpected<Refusal> refuse(Refusal::Kind kind, std::string message) {
  return tl::unexpected(Refusal{kind, std::move(message)});
}

inline tl::unexpected<Refusal> not_kept(const std::string& why) {
  return refuse(Refusal::Kind::not_kept, "nothing is changed: " + why);
}

}  // namespace hlb
