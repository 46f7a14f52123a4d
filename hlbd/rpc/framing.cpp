#include "rpc/framing.h"

#include <algorithm>

namespace hlb::rpc {

std::string framed(std::string_view message) {
  std::string frame(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    frame += static_cast<char>(message.size() >> shift & 0xffU);
  return frame.append(message);
}

std::string_view fault_of(std::string_view head) {
  if (head[0] == 1) return "is compressed";
  if (head[0] != 0) return "is not framed as gRPC's";
  return "";
}

std::uint64_t length_in(std::string_view head) {
  std::uint64_t length = 0;
  for (const char byte : head.substr(1))
    length = length << 8U | static_cast<unsigned char>(byte);
  return length;
}

bool MessageParts::take(std::string_view& body) {
  if (whole_) {
    whole_ = false;
    head_.clear();
    // What one long message took isn't kept for the short ones after it.
    message_ = std::string();
  }
  if (head_.size() < kMessageHead && !take_head(body)) return false;
  const std::string_view part = body.substr(0, missing_);
  message_ += part;
  missing_ -= part.size();
  body.remove_prefix(part.size());
  whole_ = missing_ == 0;
  return whole_;
}

bool MessageParts::take_head(std::string_view& body) {
  if (!fault_.empty()) return false;
  const std::string_view part = body.substr(0, kMessageHead - head_.size());
  head_ += part;
  body.remove_prefix(part.size());
  if (head_.size() < kMessageHead) return false;
  const std::uint64_t length = length_in(head_);
  if (const std::string_view why = fault_of(head_); !why.empty()) {
    fault_ = "a message " + std::string(why);
  } else if (length > most_) {
    too_long_ = true;
    fault_ = "a message is over " + std::to_string(most_ >> 20U) + " MiB";
  }
  if (!fault_.empty()) head_.clear();
  missing_ = static_cast<std::size_t>(std::min<std::uint64_t>(length, most_));
  return fault_.empty();
}

}  // namespace hlb::rpc
