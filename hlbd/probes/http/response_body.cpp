#include "probes/http/response_body.h"

#include <algorithm>
#include <cstdint>

namespace hlb::probes {
namespace {

constexpr std::size_t kMaxChunkLine = 4096;
constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 59U;  // another digit still fits

// Makes a std::size_t, which has 32 bits on some machines.
std::size_t at_most(std::uint64_t size) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, SIZE_MAX));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

// ---- chunks ------------------------------------------------------------------------------------

Chunks::Taken Chunks::take(std::string_view bytes) {
  while (!bytes.empty() && place_ != Place::data && !at_end() && !malformed()) {
    proper_ = proper_ && (bytes.front() != '\n' || last_ == '\r');
    last_ = bytes.front();
    place_ = place_of(last_);
    bytes.remove_prefix(1);
  }
  if (place_ != Place::data) return {"", bytes};
  const std::string_view part = bytes.substr(0, at_most(left_));
  last_ = 0;
  left_ -= part.size();
  if (left_ == 0) place_ = Place::data_end;
  return {part, bytes.substr(part.size())};
}

Chunks::Place Chunks::place_of(char next) {
  if (++line_ > kMaxChunkLine) return Place::nowhere;
  switch (place_) {
    case Place::size:
      return in_size(next);
    case Place::extension:
      if (next != '\n') return Place::extension;
      line_ = 0;
      return after_size();
    case Place::data_end:
      if (next == '\r' && line_ == 1) return Place::data_end;
      line_ = 0;
      return next == '\n' ? Place::size : Place::nowhere;
    default:
      return in_trailer(next);
  }
}

// Reads a chunk's size. What isn't a digit ends it; CR and whatever else stands there is skipped up
// to the line's end.
Chunks::Place Chunks::in_size(char next) {
  const int digit = hex_digit(next);
  if (digit < 0 && line_ == 1) return Place::nowhere;
  if (digit >= 0 && left_ >= kMaxChunk) return Place::nowhere;
  if (digit >= 0) {
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    return Place::size;
  }
  if (next == '\n') {
    line_ = 0;
    return after_size();
  }
  const bool may_follow = next == '\r' || next == ';' || next == ' ' || next == '\t';
  return may_follow ? Place::extension : Place::nowhere;
}

// Reads the trailer, which a blank line ends. A CR doesn't count, wherever it stands.
Chunks::Place Chunks::in_trailer(char next) {
  if (next == '\r') --line_;
  if (next != '\n') return Place::trailer;
  const bool blank = line_ == 1;
  line_ = 0;
  return blank ? Place::end : Place::trailer;
}

// ---- the body ----------------------------------------------------------------------------------

ResponseBody::ResponseBody(const Framing& framing, bool kept, std::string_view begun)
    : framing_(framing), kept_(kept) {
  take(begun);
}

void ResponseBody::take(std::string_view bytes) {
  while (!bytes.empty() && !at_end() && !chunks_.malformed() && size_ < kMaxBody)
    bytes = take_some(bytes);
  surplus_ = !bytes.empty();
  if (at_end()) {
    state_ = State::complete;
  } else if (chunks_.malformed()) {
    state_ = State::malformed;
  } else if (size_ >= kMaxBody) {
    state_ = State::cut_off;
  }
}

// Takes some of `bytes`, and returns the rest.
std::string_view ResponseBody::take_some(std::string_view bytes) {
  Chunks::Taken taken{bytes, ""};
  if (framing_.end == Framing::End::chunks) taken = chunks_.take(bytes);
  if (framing_.end == Framing::End::length) {
    taken.part = bytes.substr(0, at_most(framing_.length - size_));
    taken.rest = bytes.substr(taken.part.size());
  }
  size_ += taken.part.size();
  if (kept_) text_ += taken.part.substr(0, kMaxBody - text_.size());
  return taken.rest;
}

bool ResponseBody::at_end() const {
  if (framing_.end == Framing::End::chunks) return chunks_.at_end();
  return framing_.end == Framing::End::length && size_ == framing_.length;
}

void ResponseBody::closed() {
  state_ = framing_.end == Framing::End::close ? State::complete : State::malformed;
}

bool ResponseBody::lacks_some() const {
  return state_ == State::incomplete && framing_.end != Framing::End::close;
}

bool ResponseBody::leaves_it_open() const {
  return state_ == State::complete && !surplus_ && framing_.leaves_open && chunks_.proper();
}

}  // namespace hlb::probes
