#include "operators/metrics/shared_text.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace hlb::metrics {
namespace {

namespace asio = boost::asio;
using Monotonic = std::chrono::steady_clock;

constexpr std::size_t kMany = 4;
constexpr std::chrono::seconds kStillGood{1};

}  // namespace

struct SharedText::Making {
  explicit Making(const asio::any_io_executor& executor)
      : done(executor, Monotonic::time_point::max()) {}

  Text text;  // once it is done
  asio::steady_timer done;
};

SharedText::SharedText(asio::any_io_executor executor, Expose expose)
    : executor_(std::move(executor)), expose_(std::move(expose)) {}

asio::awaitable<SharedText::Text> SharedText::get() {
  if (many_are_held() && Monotonic::now() < last_made_ + kStillGood) {
    if (Text last = last_.lock()) co_return last;
  }
  if (!next_) next_ = std::make_shared<Making>(executor_);
  const std::shared_ptr<Making> awaited = next_;
  if (!std::exchange(busy_, true)) scope_.spawn(executor_, make());
  while (!awaited->text)
    co_await awaited->done.async_wait(kAsTuple);
  co_return awaited->text;
}

// Makes one text after another, each in parts, between which the rest of hlbd has its turn.
asio::awaitable<void> SharedText::make() {
  while (next_) {
    const std::shared_ptr<Making> making = std::exchange(next_, nullptr);
    Exposition exposition = expose_();
    std::string text;
    while (exposition.add_part(text))
      co_await asio::post(executor_, asio::use_awaitable);
    making->text = std::make_shared<const std::string>(std::move(text));
    last_ = held_.emplace_back(making->text);
    last_made_ = Monotonic::now();
    making->done.cancel();
  }
  busy_ = false;
}

bool SharedText::many_are_held() {
  std::erase_if(held_, [](const auto& text) { return text.expired(); });
  return held_.size() >= kMany;
}

}  // namespace hlb::metrics
