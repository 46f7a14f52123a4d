#include "probes/http/response_head.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "probes/reason.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMaxPhrase = 40;
constexpr std::string_view kNotHttp = "not an HTTP response: ";

// Whether a response announces another one. 101 is final: it would switch to what nobody asked for.
bool is_interim(unsigned status) {
  return status >= 100 && status < 200 && status != 101;
}

bool has_no_body(unsigned status) {
  return status == 204 || status == 304;
}

// Whether `text` is, or may become, the start of an HTTP response.
bool may_be_http(std::string_view text) {
  constexpr std::string_view kStart = "HTTP/";
  if (text.substr(0, kStart.size()) != kStart.substr(0, text.size())) return false;
  return text.find('\n') == std::string_view::npos || status_line_of(text);
}

std::string usual_phrase(unsigned status) {
  const http::status known = http::int_to_status(status);
  if (known == http::status::unknown) return "";
  const auto phrase = http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

}  // namespace

std::optional<Outcome> ResponseHead::take(std::size_t count) {
  end_ += count;
  for (;;) {
    const auto size = size_of_head(arrived(), looked_);
    if (!size) return go_on();
    size_ = *size;
    line_ = status_line_of(head());
    if (!line_) return not_http();
    if (!is_interim(line_->status)) return outcome();
    begin_ += size_;
    line_.reset();
    size_ = looked_ = 0;
    is_http_ = false;
  }
}

// Makes room for more of the head. Its blank line may have arrived but for the last byte.
std::optional<Outcome> ResponseHead::go_on() {
  constexpr std::size_t kBegunEnd = 2;
  if (!is_http_ && !may_be_http(arrived())) return not_http();
  is_http_ = is_http_ || arrived().find('\n') != std::string_view::npos;
  if (end_ == kSize) return Outcome::hard_failure("response head over 64 KiB");
  looked_ = arrived().size() - std::min(arrived().size(), kBegunEnd);
  if (end_ == bytes_.size()) bytes_.resize(std::min(2 * bytes_.size(), kSize));
  return std::nullopt;
}

Outcome ResponseHead::closed() const {
  return Outcome::hard_failure(begun() ? "connection closed within the response head"
                                       : "connection closed before any response");
}

Outcome ResponseHead::not_http() const {
  return Outcome::hard_failure(
      std::string(kNotHttp).append(text::printable(arrived(), kMaxReason - kNotHttp.size())));
}

std::string ResponseHead::status_line() const {
  const std::string line = "HTTP " + std::to_string(status());
  const std::string phrase = line_ && !line_->phrase.empty()
                                 ? text::printable(line_->phrase, kMaxPhrase)
                                 : usual_phrase(status());
  return phrase.empty() ? line : line + " " + phrase;
}

Framing ResponseHead::framing() const {
  const bool keeps_by_default = line_ && line_->minor > 0;
  return framing_of(head(), check_.method == "HEAD" || has_no_body(status()), keeps_by_default);
}

bool ResponseHead::is_in(const std::vector<StatusRange>& ranges) const {
  return std::ranges::any_of(ranges, [this](const StatusRange& range) {
    return status() >= range.first && status() <= range.last;
  });
}

Outcome ResponseHead::outcome() const {
  std::string reason = status_line();
  if (is_in(check_.drain_status)) return pass(std::move(reason) + ", which means drain", true);
  const bool redirects = status() / 100 == 3;
  const auto location = redirects ? field_of(head(), "Location") : std::string_view();
  if (!location.empty()) {
    reason += ", Location: ";
    reason += text::printable(location, kMaxReason - reason.size());
  }
  return is_in(check_.expect_status) ? pass(std::move(reason), false)
                                     : Outcome::hard_failure(std::move(reason));
}

// Passes; says nothing of being drained where no status means that.
Outcome ResponseHead::pass(std::string reason, bool drains) const {
  Outcome outcome = Outcome::pass(std::move(reason));
  if (!check_.drain_status.empty()) outcome.advice.drained = drains;
  return outcome;
}

}  // namespace hlb::probes
