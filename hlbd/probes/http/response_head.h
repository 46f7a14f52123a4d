// Judges the head of an HTTP/1.x response as it arrives. No socket, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health/check_spec.h"
#include "health/outcome.h"
#include "probes/http/head_text.h"

namespace hlb::probes {

class ResponseHead {
 public:
  static constexpr std::size_t kSize = 65536;      // of a head at most
  static constexpr std::size_t kFirstSize = 1024;  // set aside at first; most need no more

  // Judges the response to a request with this check's method. The check must outlive it.
  explicit ResponseHead(const HttpCheck& check) : check_(check) {}
  ResponseHead(const ResponseHead&) = delete;
  ResponseHead& operator=(const ResponseHead&) = delete;

  // The space for the next bytes; never empty before an outcome.
  std::span<char> space() { return std::span(bytes_).subspan(end_); }

  // Takes the `count` bytes written to space(). Returns the outcome as soon as there is one: a
  // status that the check expects passes, as does one that means drain, which then is the advice;
  // anything else is a hard failure. The rest of the head must end, and no more is asked of it.
  // Interim responses (100 Continue …) are skipped; together with the final head they may fill 64
  // KiB. Not to be called after an outcome.
  std::optional<Outcome> take(std::size_t count);

  // The outcome when the backend closed the connection before there was one.
  Outcome closed() const;

  // Whether a part of the head has arrived.
  bool begun() const { return end_ > begin_; }

  // These four are to be called once there is an outcome.
  // The status; 0 if that wasn't a response of HTTP/1.x at all.
  unsigned status() const { return line_ ? line_->status : 0; }
  // The beginning of the outcome's reason, "HTTP 200 OK".
  std::string status_line() const;
  // The way that the body ends, and what has arrived of it.
  Framing framing() const;
  std::string_view rest() const { return arrived().substr(size_); }

 private:
  std::optional<Outcome> go_on();
  std::string_view arrived() const { return {bytes_.data() + begin_, end_ - begin_}; }
  std::string_view head() const { return arrived().substr(0, size_); }
  Outcome not_http() const;
  Outcome outcome() const;
  Outcome pass(std::string reason, bool drains) const;
  bool is_in(const std::vector<StatusRange>& ranges) const;

  const HttpCheck& check_;
  std::optional<StatusLine> line_;  // of the final response, once its head is there
  bool is_http_ = false;            // the first line has come, and is HTTP's
  std::size_t begin_ = 0;           // of the present response
  std::size_t looked_ = 0;          // bytes of it that are known not to be the end of its head
  std::size_t size_ = 0;            // of its head, once there is an outcome
  std::size_t end_ = 0;             // of the bytes that have arrived
  std::vector<char> bytes_ = std::vector<char>(kFirstSize);
};

}  // namespace hlb::probes
