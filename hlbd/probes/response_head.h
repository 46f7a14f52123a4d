// Judges the head of an HTTP/1.x response as it arrives. No socket, no clock.
#pragma once

#include <array>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

class ResponseHead {
 public:
  ResponseHead() { next_response(); }

  // Where the next bytes belong; never empty before a verdict.
  std::span<char> space() { return std::span(bytes_).subspan(end_); }

  // Takes the `count` bytes written to space(). The verdict, as soon as there is one: status
  // 200 … 399 passes, anything else is a hard failure. Interim responses (100 Continue …) are
  // skipped; together with the final head they may fill 8 KiB. Not to be called after a verdict.
  std::optional<Outcome> take(std::size_t count);

  // The verdict when the backend closed the connection before there was one.
  Outcome closed() const;

  // Whether a part of the head has arrived.
  bool begun() const { return end_ > head_; }

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::empty_body>;

  void next_response();
  // Engaged from construction on; optional because a parser serves one response and can't be reset.
  Parser& parser() { return *parser_; }              // NOLINT(bugprone-unchecked-optional-access)
  const Parser& parser() const { return *parser_; }  // NOLINT(bugprone-unchecked-optional-access)
  std::string_view arrived() const { return {bytes_.data() + head_, end_ - head_}; }
  Outcome not_http() const;
  Outcome malformed(const boost::system::error_code& error) const;
  Outcome verdict() const;

  std::optional<Parser> parser_;
  std::size_t head_ = 0;    // where the present response begins,
  std::size_t parsed_ = 0;  // up to where it is parsed,
  std::size_t end_ = 0;     // and up to where bytes have arrived
  std::array<char, 8192> bytes_;
};

}  // namespace hlb::probes
