// Judges the head of an HTTP/1.x response as it arrives. No socket, no clock.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health/check_spec.h"
#include "health/outcome.h"
#include "probes/body.h"

namespace hlb::probes {

class ResponseHead {
 public:
  static constexpr std::size_t kSize = 8192;       // of a head at most
  static constexpr std::size_t kFirstSize = 1024;  // what is set aside for it; most need no more

  using Parser = boost::beast::http::response_parser<BoundedBody>;

  // Of the response to a request made with this check's method, which must outlive it.
  explicit ResponseHead(const HttpCheck& check) : check_(check) { next_response(); }
  ResponseHead(const ResponseHead&) = delete;
  ResponseHead& operator=(const ResponseHead&) = delete;

  // Where the next bytes belong; never empty before a verdict.
  std::span<char> space() { return std::span(bytes_).subspan(end_); }

  // Takes the `count` bytes written to space(). The verdict, as soon as there is one: a
  // status that the check expects passes, anything else is a hard failure. Interim responses (100
  // Continue …) are skipped; together with the final head they may fill 8 KiB. Not to be called
  // after a verdict.
  std::optional<Outcome> take(std::size_t count);

  // The verdict when the backend closed the connection before there was one.
  Outcome closed() const;

  // Whether a part of the head has arrived.
  bool begun() const { return end_ > head_; }

  // Once there is a verdict: the status, 0 if that wasn't a response of HTTP/1.x at all;
  unsigned status() const;
  // what the verdict's reason begins with then, "HTTP 200 OK";
  std::string status_line() const;
  // what has arrived beyond the head, and the parser to go on with. For ResponseBody.
  std::string_view rest() const { return {bytes_.data() + parsed_, end_ - parsed_}; }
  // Engaged from construction on; optional because a parser serves one response and can't be reset.
  Parser& parser() { return *parser_; }              // NOLINT(bugprone-unchecked-optional-access)
  const Parser& parser() const { return *parser_; }  // NOLINT(bugprone-unchecked-optional-access)

 private:
  void next_response();
  std::optional<Outcome> make_room();
  std::string_view arrived() const { return {bytes_.data() + head_, end_ - head_}; }
  Outcome not_http() const;
  Outcome malformed(const boost::system::error_code& error) const;
  Outcome verdict() const;
  bool is_expected() const;

  const HttpCheck& check_;
  std::optional<Parser> parser_;
  std::size_t head_ = 0;    // where the present response begins,
  std::size_t parsed_ = 0;  // up to where it is parsed,
  std::size_t end_ = 0;     // and up to where bytes have arrived
  std::vector<char> bytes_ = std::vector<char>(kFirstSize);
};

}  // namespace hlb::probes
