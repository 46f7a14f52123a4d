// Takes in the body of an HTTP/1.x response as it arrives, up to 64 KiB. No socket, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "probes/response_head.h"

namespace hlb::probes {

class ResponseBody {
 public:
  enum class State : std::uint8_t {
    incomplete,
    complete,
    cut_off,    // over 64 KiB: no more of it is to be taken
    malformed,  // its chunks, or it was closed too soon
  };

  // Of the response whose `head` has its verdict; the head must outlive it. The text of the body is
  // kept only if asked for.
  ResponseBody(ResponseHead& head, bool kept);

  State state() const { return state_; }

  // Where the next bytes belong; never empty while the body is incomplete.
  std::span<char> space() { return std::span(bytes_).subspan(end_); }

  // Takes the `count` bytes written to space(). Only while the body is incomplete.
  void take(std::size_t count);

  // The backend closed the connection, which is how some bodies end.
  void closed();

  // Up to 64 KiB.
  std::string_view text() const { return head_.parser().get().body().text; }

  // Whether the connection can take another request now.
  bool leaves_it_open() const;

 private:
  void parse();
  std::size_t parse_some();

  ResponseHead& head_;
  State state_ = State::incomplete;
  std::size_t end_ = 0;  // up to where unparsed bytes have arrived
  std::vector<char> bytes_;
};

}  // namespace hlb::probes
