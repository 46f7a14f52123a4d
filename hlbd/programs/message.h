// What hlbd and its helper hlb-programs say to each other: one message in each packet of a
// SOCK_SEQPACKET socket. Neither trusts the other, so whatever isn't exactly a message is none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace hlb::programs {

using Id = std::uint64_t;  // of a request, chosen by hlbd; no two that are in flight have the same
using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t kMaxMessage = 65'536;  // bytes
inline constexpr std::size_t kMaxWords = 1024;      // arguments and variables together
inline constexpr std::size_t kMaxOutput = 4096;     // bytes
inline constexpr std::size_t kMaxUser = 256;        // bytes
inline constexpr std::chrono::milliseconds kMaxTimeout = std::chrono::hours(24);

struct Program {
  std::vector<std::string> arguments;    // never empty; the first is the program's absolute path
  std::vector<std::string> environment;  // NAME=value; nothing else is in it
  std::string user;  // by name, who runs it if the helper is root; empty: the helper's own user
  std::chrono::milliseconds timeout{0};   // more than 0, then it is killed
  std::size_t output_limit = kMaxOutput;  // what it writes beyond that is read, and dropped
};

// hlbd: run this, and answer once.
struct RunRequest {
  Id id = 0;
  Program program;
};

// hlbd: kill this one, and don't answer.
struct Cancel {
  Id id = 0;
};

struct Ending {
  enum class How : std::uint8_t {
    exited,      // `value` is the exit code
    killed,      // `value` is the signal
    timed_out,   // `value` is 0; the helper killed it
    not_started  // `value` is the errno of `step`
  };
  enum class Step : std::uint8_t {
    prepare,  // the helper's own work
    user,     // becoming Program::user; errno 0: there is no such user
    program,  // exec: no such file, not executable
  };
  How how = How::not_started;
  Step step = Step::prepare;
  int value = 0;

  friend bool operator==(const Ending&, const Ending&) = default;
};

struct RunReply {
  Id id = 0;
  Ending ending;
  std::string output;        // what the program wrote to stdout and stderr
  std::int64_t time_up = 0;  // of one that timed_out: when that was, in ns of CLOCK_MONOTONIC
};

using Message = std::variant<RunRequest, Cancel, RunReply>;

// nullopt if it exceeds a limit, which only requests and their output can.
std::optional<Bytes> encode(const Message& message);

// nullopt if these bytes are no message, or one beyond its limits, or of another version.
std::optional<Message> decode(std::span<const std::uint8_t> bytes);

}  // namespace hlb::programs
