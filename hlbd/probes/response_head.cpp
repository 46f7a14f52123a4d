#include "probes/response_head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "probes/reason.h"

namespace hlb::probes {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kMaxPhrase = 40;
constexpr std::string_view kNotHttp = "not an HTTP response: ";

// Responses that announce another one. 101 is final: it would switch to what nobody asked for.
bool is_interim(unsigned status) {
  return status >= 100 && status < 200 && status != 101;
}

// Whether `text` is, or may become, the start of an HTTP response.
bool may_be_http(std::string_view text) {
  constexpr std::string_view kStart = "HTTP/";
  return text.substr(0, kStart.size()) == kStart.substr(0, text.size());
}

}  // namespace

// Beast refuses a body beyond 1 MiB when it reads the length, though nobody reads so much of it.
void ResponseHead::next_response() {
  head_ = parsed_;
  parser_.emplace().body_limit(boost::none);
  parser_->skip(check_.method == "HEAD");
}

std::optional<Outcome> ResponseHead::take(std::size_t count) {
  end_ += count;
  for (;;) {
    if (!may_be_http(arrived())) return not_http();
    beast::error_code error;
    parsed_ += parser().put(boost::asio::buffer(bytes_.data() + parsed_, end_ - parsed_), error);
    const bool full = error == http::error::need_more && end_ == kSize;
    if (full || error == http::error::header_limit) {
      return Outcome::hard_failure("response head over 8 KiB");
    }
    if (error == http::error::need_more) return make_room();
    if (error) return malformed(error);
    if (!is_interim(parser().get().result_int())) return verdict();
    next_response();
  }
}

// Never a verdict.
std::optional<Outcome> ResponseHead::make_room() {
  if (end_ == bytes_.size()) bytes_.resize(std::min(2 * bytes_.size(), kSize));
  return std::nullopt;
}

Outcome ResponseHead::closed() const {
  return Outcome::hard_failure(begun() ? "connection closed within the response head"
                                       : "connection closed before any response");
}

Outcome ResponseHead::not_http() const {
  return Outcome::hard_failure(
      std::string(kNotHttp).append(printable(arrived(), kMaxReason - kNotHttp.size())));
}

// Beast has taken the status line when something was parsed at all.
Outcome ResponseHead::malformed(const boost::system::error_code& error) const {
  if (parsed_ == head_) return not_http();
  return Outcome::hard_failure("malformed response head: " + printable(error.message(), 80));
}

unsigned ResponseHead::status() const {
  return parser().is_header_done() ? parser().get().result_int() : 0;
}

std::string ResponseHead::status_line() const {
  const std::string line = "HTTP " + std::to_string(status());
  const auto phrase = parser().get().reason();
  return phrase.empty() ? line : line + " " + printable(phrase, kMaxPhrase);
}

bool ResponseHead::is_expected() const {
  return std::ranges::any_of(check_.expect_status, [&](const StatusRange& range) {
    return status() >= range.first && status() <= range.last;
  });
}

Outcome ResponseHead::verdict() const {
  std::string reason = status_line();
  const auto location = parser().get()[http::field::location];
  if (status() / 100 == 3 && !location.empty()) {
    reason += ", Location: ";
    reason += printable(location, kMaxReason - reason.size());
  }
  return is_expected() ? Outcome::pass(std::move(reason))
                       : Outcome::hard_failure(std::move(reason));
}

}  // namespace hlb::probes
