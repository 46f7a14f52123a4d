// What one probe found out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace hlb {

struct Outcome {
  enum class Result : std::uint8_t {
    passed,
    failed,
    unknown,  // the probe could not be made, or hlbd itself was late: says nothing of the backend
  };
  // How sure a failure is: `hard` is the backend's own no (refused, reset, unreachable, a wrong
  // reply), `soft` its silence (time-out).
  enum class Evidence : std::uint8_t { hard, soft };

  Result result = Result::unknown;
  Evidence evidence = Evidence::soft;
  std::string reason;  // for people: "HTTP 200 OK", "connection refused", "no response in 1s"
  std::chrono::microseconds latency{0};

  static Outcome pass(std::string reason) {
    return {Result::passed, Evidence::hard, std::move(reason), {}};
  }
  static Outcome hard_failure(std::string reason) {
    return {Result::failed, Evidence::hard, std::move(reason), {}};
  }
  static Outcome soft_failure(std::string reason) {
    return {Result::failed, Evidence::soft, std::move(reason), {}};
  }
  static Outcome not_known(std::string reason) {
    return {Result::unknown, Evidence::soft, std::move(reason), {}};
  }
};

}  // namespace hlb
