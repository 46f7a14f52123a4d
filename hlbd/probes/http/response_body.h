// Takes in the body of an HTTP/1.x response as it arrives, up to 64 KiB. No socket, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "probes/http/head_text.h"

namespace hlb::probes {

inline constexpr std::size_t kMaxBody = 65536;  // read of a body at most

// Takes the chunks off a body.
class Chunks {
 public:
  // Takes the part of the body that `bytes` begin with, and the rest after it; the part may be
  // empty while the rest isn't. Not to be called at the chunks' end, or once they are malformed.
  struct Taken {
    std::string_view part;
    std::string_view rest;
  };
  Taken take(std::string_view bytes);

  bool at_end() const { return place_ == Place::end; }
  bool malformed() const { return place_ == Place::nowhere; }
  bool proper() const { return proper_; }  // every line ended with CR and LF

 private:
  // The place that the next byte belongs to.
  enum class Place : std::uint8_t { size, extension, data, data_end, trailer, end, nowhere };

  Place place_of(char next);
  Place in_size(char next);
  Place after_size() const { return left_ == 0 ? Place::trailer : Place::data; }
  Place in_trailer(char next);

  Place place_ = Place::size;
  std::uint64_t left_ = 0;  // of the chunk's data; the size as far as it is read
  std::size_t line_ = 0;    // bytes of the present line
  char last_ = 0;
  bool proper_ = true;
};

class ResponseBody {
 public:
  enum class State : std::uint8_t {
    incomplete,
    complete,
    cut_off,    // over 64 KiB: no more is to be taken
    malformed,  // the chunks are, or the connection was closed too soon
  };

  // `begun` is the part that came with the head. The text is kept only if `kept`.
  ResponseBody(const Framing& framing, bool kept, std::string_view begun);

  State state() const { return state_; }

  // Takes what arrives next. To be called only while the body is incomplete.
  void take(std::string_view bytes);

  // Notes that the backend closed the connection, which is how some bodies end.
  void closed();

  // The text that has come.
  const std::string& text() const { return text_; }

  // Whether more is to come, by the length or the chunks.
  bool lacks_some() const;

  // Whether the connection can take another request now.
  bool leaves_it_open() const;

 private:
  std::string_view take_some(std::string_view bytes);
  bool at_end() const;

  Framing framing_;
  bool kept_;
  bool surplus_ = false;  // something came after the body
  State state_ = State::incomplete;
  std::uint64_t size_ = 0;  // that has come
  Chunks chunks_;
  std::string text_;
};

}  // namespace hlb::probes
