// The messages between hlbd and its helper hlb-programs, one in each packet of a SOCK_SEQPACKET
// socket. Neither side trusts the other: bytes that aren't exactly a message end the connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "helpers/packets.h"

namespace hlb::programs {

using Id = std::uint64_t;  // of a request, chosen by hlbd; unique among those without an answer
using helpers::Bytes;

inline constexpr std::size_t kMaxMessage = helpers::kMaxPacket;  // bytes
inline constexpr std::size_t kMaxWords = 1024;                   // arguments and variables together
inline constexpr std::size_t kMaxOutput = 4096;                  // bytes
inline constexpr std::size_t kMaxUser = 256;                     // bytes
inline constexpr std::chrono::milliseconds kMaxTimeout = std::chrono::hours(24);

struct Program {
  std::vector<std::string> arguments;    // never empty; the first is the program's absolute path
  std::vector<std::string> environment;  // NAME=value; nothing else is in it
  std::string user;  // by name, who runs it if the helper is root; empty: the helper's own user
  std::chrono::milliseconds timeout{0};   // more than 0; the program is killed after it
  std::size_t output_limit = kMaxOutput;  // output beyond it is read, and dropped
};

// From hlbd: run this, and answer once.
struct RunRequest {
  Id id = 0;
  Program program;
};

// From hlbd: kill the program of this request, and don't answer.
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

// From the helper: how a program has ended.
struct RunReply {
  Id id = 0;
  Ending ending;
  std::string output;        // what the program wrote to stdout and stderr
  std::int64_t time_up = 0;  // when it timed_out: when that was, in ns of CLOCK_MONOTONIC
};

using Message = std::variant<RunRequest, Cancel, RunReply>;

// The bytes of a packet; nullopt if the message exceeds a limit, as a request or its output can.
std::optional<Bytes> encode(const Message& message);

// nullopt if these bytes are no message, or one beyond its limits, or of another version.
std::optional<Message> decode(std::span<const std::uint8_t> bytes);

// Takes the next message without waiting for one; what is none counts as the end.
tl::expected<Message, helpers::NoPacket> receive(int socket);

}  // namespace hlb::programs
