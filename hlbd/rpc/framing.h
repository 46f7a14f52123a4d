// Messages as gRPC frames them in the body of a request or a response.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hlb::rpc {

// The bytes before each message: whether it is compressed, and its length in four of them.
inline constexpr std::size_t kMessageHead = 5;

std::string framed(std::string_view message);

// Of the kMessageHead bytes: what is wrong with them, a literal ("is compressed"), empty for
// nothing; and how long the message is.
std::string_view fault_of(std::string_view head);
std::uint64_t length_in(std::string_view head);

// Puts the messages of a body together.
class MessageParts {
 public:
  // Longer messages are a fault.
  explicit MessageParts(std::size_t most) : most_(most) {}

  // Takes of `body` what belongs to the next message, and cuts it off. Returns whether the message
  // is whole; message() has it until the next call. After a fault nothing is taken any more.
  bool take(std::string_view& body);
  std::string_view message() const { return message_; }

  // Whether the last message hasn't come as a whole.
  bool broken_off() const { return !whole_ && !head_.empty(); }
  bool too_long() const { return too_long_; }
  // "a message is over 16 MiB", "a message is compressed"; empty: none.
  const std::string& fault() const { return fault_; }

 private:
  bool take_head(std::string_view& body);

  std::size_t most_;
  std::string head_;     // of the message that comes
  std::string message_;  // as far as it has come
  std::size_t missing_ = 0;
  bool whole_ = false;
  bool too_long_ = false;
  std::string fault_;
};

}  // namespace hlb::rpc
