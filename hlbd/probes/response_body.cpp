#include "probes/response_body.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace hlb::probes {

namespace http = boost::beast::http;

ResponseBody::ResponseBody(ResponseHead& head, bool kept) : head_(head) {
  head_.parser().get().body().kept = kept;
  const std::string_view rest = head_.rest();
  bytes_.resize(std::max(rest.size(), ResponseHead::kFirstSize));
  std::ranges::copy(rest, bytes_.begin());
  end_ = rest.size();
  parse();
}

void ResponseBody::take(std::size_t count) {
  end_ += count;
  parse();
}

void ResponseBody::parse() {
  auto& parser = head_.parser();
  std::size_t parsed = 1;
  while (!parser.is_done() && end_ > 0 && parsed > 0 && state_ == State::incomplete)
    parsed = parse_some();
  if (parser.is_done()) {
    state_ = State::complete;
  } else if (parser.get().body().size >= kMaxBody) {
    state_ = State::cut_off;
  } else if (end_ == ResponseHead::kSize) {
    state_ = State::malformed;  // a chunk's head that would never end
  } else if (end_ == bytes_.size()) {
    bytes_.resize(std::min(2 * bytes_.size(), ResponseHead::kSize));
  }
}

// How much was parsed, and so made room for more.
std::size_t ResponseBody::parse_some() {
  boost::system::error_code error;
  const std::size_t count = head_.parser().put(boost::asio::buffer(bytes_.data(), end_), error);
  if (error && error != http::error::need_more) state_ = State::malformed;
  std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(count),
            bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
  end_ -= count;
  return count;
}

void ResponseBody::closed() {
  boost::system::error_code error;
  head_.parser().put_eof(error);
  state_ = error ? State::malformed : State::complete;
}

bool ResponseBody::leaves_it_open() const {
  return state_ == State::complete && end_ == 0 && head_.parser().keep_alive();
}

}  // namespace hlb::probes
