#include "operators/web/shared_texts.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ranges>
#include <utility>

namespace hlb::web {
namespace {

namespace asio = boost::asio;
using Monotonic = std::chrono::steady_clock;

constexpr std::size_t kMany = 4;
constexpr std::chrono::seconds kStillGood{1};

}  // namespace

struct SharedTexts::Making {
  Making(const asio::any_io_executor& executor, std::string of, Make by)
      : key(std::move(of)), make(std::move(by)), done(executor, Monotonic::time_point::max()) {}

  std::string key;
  Make make;
  Text text;  // once it is done
  asio::steady_timer done;
};

SharedTexts::SharedTexts(asio::any_io_executor executor) : executor_(std::move(executor)) {}

asio::awaitable<SharedTexts::Text> SharedTexts::get(std::string key, Make make) {
  if (Text text = recent(key)) co_return text;
  const auto found = std::ranges::find(waiting_, key, [](const auto& each) { return each->key; });
  std::shared_ptr<Making> awaited;
  if (found != waiting_.end()) {
    awaited = *found;
  } else {
    awaited = std::make_shared<Making>(executor_, std::move(key), std::move(make));
    waiting_.push_back(awaited);
  }
  if (!std::exchange(busy_, true)) scope_.spawn(executor_, this->make());
  while (!awaited->text)
    co_await awaited->done.async_wait(kAsTuple);
  co_return awaited->text;
}

// Makes one text after another, each in parts, between which the rest of hlbd has its turn.
asio::awaitable<void> SharedTexts::make() {
  while (!waiting_.empty()) {
    const std::shared_ptr<Making> making = waiting_.front();
    waiting_.pop_front();
    const AddPart add_part = making->make();
    std::string text;
    while (add_part(text))
      co_await asio::post(executor_, asio::use_awaitable);
    making->text = std::make_shared<const std::string>(std::move(text));
    held_.push_back({making->key, making->text, Monotonic::now()});
    making->done.cancel();
  }
  busy_ = false;
}

// The last text of this key while many are held, if it is still good; else null.
SharedTexts::Text SharedTexts::recent(const std::string& key) {
  std::erase_if(held_, [](const Made& each) { return each.text.expired(); });
  if (held_.size() < kMany) return nullptr;
  for (const Made& each : held_ | std::views::reverse) {
    if (each.key != key) continue;
    return Monotonic::now() < each.at + kStillGood ? each.text.lock() : nullptr;
  }
  return nullptr;
}

}  // namespace hlb::web
