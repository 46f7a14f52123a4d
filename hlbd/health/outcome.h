// The outcome of a probe: what it found out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hlb {

// All of something, in percent.
inline constexpr std::uint32_t kWholePercent = 100;

// The highest percentage that an agent or a file can ask for: ten times the configured weight.
inline constexpr std::uint16_t kMaxWeightPercent = 1000;

// Advice that a backend gives by itself, through an agent, a file or a status. An unset member
// leaves the standing advice as it was, see advice.h.
struct Advice {
  std::optional<std::uint16_t> weight_percent;  // of the configured weight, 0 … kMaxWeightPercent
  std::optional<bool> drained;                  // no new clients, though it works

  friend bool operator==(const Advice&, const Advice&) = default;
};

struct Outcome {
  enum class Result : std::uint8_t {
    passed,
    failed,
    unknown,  // the probe could not be made, or hlbd itself was late: says nothing of the backend
  };
  // The certainty of a failure: `hard` is the backend's own no (refused, reset, unreachable, a
  // wrong reply), `soft` its silence (timeout).
  enum class Evidence : std::uint8_t { hard, soft };

  Result result = Result::unknown;
  Evidence evidence = Evidence::soft;
  std::string reason;  // for people: "HTTP 200 OK", "connection refused", "no response in 1s"
  std::chrono::microseconds latency{0};
  std::chrono::microseconds lag{0};  // part of the latency that hlbd's own lateness may have added
  bool warning = false;              // passed, but `reason` is worth a look
  bool abstained = false;  // unknown without a trouble of hlbd's: nothing was said of up or down
  bool no_route = false;   // unknown, since this host has no route to the backend
  bool late = false;       // unknown, since hlbd itself was late: nothing was heard in time
  // The fault of a file that makes the outcome unknown, in words that are the same for all backends
  // that it concerns, and that last.
  std::string_view file_fault;
  Advice advice;  // counts whatever the result
  // The end of the certificate that the backend showed; unset where it showed none.
  std::optional<std::chrono::sys_time<std::chrono::seconds>> certificate_end;

  static Outcome pass(std::string reason) {
    return of(Result::passed, Evidence::hard, std::move(reason));
  }
  static Outcome warn(std::string reason) {
    Outcome outcome = pass(std::move(reason));
    outcome.warning = true;
    return outcome;
  }
  static Outcome hard_failure(std::string reason) {
    return of(Result::failed, Evidence::hard, std::move(reason));
  }
  static Outcome soft_failure(std::string reason) {
    return of(Result::failed, Evidence::soft, std::move(reason));
  }
  static Outcome not_known(std::string reason) {
    return of(Result::unknown, Evidence::soft, std::move(reason));
  }
  static Outcome unroutable(std::string reason) {
    Outcome outcome = not_known(std::move(reason));
    outcome.no_route = true;
    return outcome;
  }
  static Outcome abstain(std::string reason) {
    Outcome outcome = not_known(std::move(reason));
    outcome.abstained = true;
    return outcome;
  }
  static Outcome unsaid(std::string_view file_fault, std::string reason) {
    Outcome outcome = not_known(std::move(reason));
    outcome.file_fault = file_fault;
    return outcome;
  }
  static Outcome too_late(std::string reason) {
    Outcome outcome = not_known(std::move(reason));
    outcome.late = true;
    return outcome;
  }

 private:
  static Outcome of(Result result, Evidence evidence, std::string reason) {
    Outcome outcome;
    outcome.result = result;
    outcome.evidence = evidence;
    outcome.reason = std::move(reason);
    return outcome;
  }
};

// Makes a soft failure of a pass that took longer than `most`, hlbd's own lateness not counted. 0:
// no limit.
Outcome within(Outcome outcome, std::chrono::milliseconds most);

// Excuses a backend from which nothing was heard while hlbd itself was late, but not for ever.
// Pure.
class Excuses {
 public:
  // The most late outcomes in a row that are excused. On a host so short of CPU time that hlbd is
  // late each time, a backend that hangs would otherwise never be found.
  static constexpr unsigned kMost = 3;

  // Takes a check's next outcome; makes a soft failure of a late outcome once the late outcomes
  // before it have used up the excuses.
  Outcome judge(Outcome outcome);

 private:
  std::uint8_t in_a_row_ = 0;
};

}  // namespace hlb
