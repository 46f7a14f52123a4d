#include "publisher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "publish/encode.h"

namespace hlb {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kRetry{1};

// Whether two tables give the same answers: all but the live words, which stand before the size.
bool same_answers(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other) {
  return one.size() == other.size() && !one.empty() &&
         std::ranges::equal(one.subspan(table::at::kSize), other.subspan(table::at::kSize));
}

}  // namespace

Publisher::Publisher(const boost::asio::any_io_executor& executor,
                     const std::filesystem::path& folder, Monitor& monitor,
                     OnPublished on_published, OnTrouble on_trouble)
    : monitor_(monitor),
      on_published_(std::move(on_published)),
      on_trouble_(std::move(on_trouble)),
      file_(folder),
      timer_(executor) {
  scores_.refresh();
}

void Publisher::publish() {
  const std::vector<std::size_t> services = monitor_.update(verdicts_);
  for (const std::size_t service : services)
    score(verdicts_[service]);
  const auto table = publish::encode_table(verdicts_, max_stale_);
  if (!same_answers(table, file_.published())) {
    file_.publish(table);
    ++tables_;
  }
  on_published_(services);
}

void Publisher::score(ServiceVerdict& service) {
  for (BackendVerdict& backend : service.backends)
    backend.sort_score = scores_.of(backend.address);
}

void Publisher::forget_sort_scores() {
  scores_.refresh();
  std::ranges::for_each(verdicts_, [this](ServiceVerdict& service) { score(service); });
}

void Publisher::publish_soon() {
  if (std::exchange(pending_, true)) return;
  timer_.expires_at(std::max(earliest_next_, steady_clock::now()));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) try_to_publish();
  });
}

void Publisher::try_to_publish() {
  // A table of 100,000 services takes a while: at most a fifth of the loop's time goes into it.
  constexpr int kPauses = 4;
  const auto started = steady_clock::now();
  pending_ = false;
  try {
    publish();
    on_trouble_("");
    const auto ended = steady_clock::now();
    earliest_next_ = ended + kPauses * (ended - started);
  } catch (const std::exception& error) {
    spdlog::error("can't publish, what was published before stays: {}", error.what());
    on_trouble_(error.what());
    earliest_next_ = started + kRetry;
    publish_soon();
  }
}

void Publisher::renew_lease() {
  try {
    file_.renew();
  } catch (const std::exception& error) {
    spdlog::error("the table was removed and can't be put back: {}", error.what());
  }
}

}  // namespace hlb
