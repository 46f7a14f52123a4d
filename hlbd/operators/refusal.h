// What a caller on the bus is told when a call can't be done.
#pragma once

#include <cstdint>
#include <string>

namespace hlb::bus {

struct Refusal {
  enum class Kind : std::uint8_t {
    no_such_service,
    no_healthy_backend,
    no_such_backend,
    invalid_arguments,
    invalid_config,
    not_kept,  // on the disk
    access_denied,
  };

  Kind kind = Kind::invalid_arguments;
  std::string message;  // for people
};

}  // namespace hlb::bus
