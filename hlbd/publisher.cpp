#include "publisher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <utility>

#include "publish/encode.h"

namespace hlb {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kRetry{1};

}  // namespace

Publisher::Publisher(const boost::asio::any_io_executor& executor,
                     const std::filesystem::path& folder, Monitor& monitor,
                     OnPublished on_published, OnTrouble on_trouble)
    : monitor_(monitor),
      on_published_(std::move(on_published)),
      on_trouble_(std::move(on_trouble)),
      file_(folder),
      network_(this_network()),
      soon_(executor),
      retry_(executor) {
  scores_.refresh();
}

void Publisher::publish() {
  pending_ = false;
  const std::vector<std::size_t> services = monitor_.update(verdicts_);
  for (const std::size_t service : services)
    score(verdicts_[service]);
  tell(services);
  publications_ += services.empty() ? 0 : 1;
  on_published_(services);
}

void Publisher::tell(std::span<const std::size_t> services) {
  publish::LiveTable truth(truth_);
  for (const std::size_t service : services)
    reshaped_ = reshaped_ || !truth.tell(verdicts_[service]);
  if (std::exchange(reshaped_, false)) reshape();
  if (file_.published().empty()) return file_.supersede_predecessor();
  publish::LiveTable table = file_.live();
  for (const std::size_t service : services)
    table.tell(verdicts_[service]);
}

void Publisher::reshape() {
  truth_ = publish::encode_table(verdicts_, {.max_stale = max_stale_, .network = network_});
  file_is_old_ = !publish::same_shape(truth_, file_.published());
  if (file_is_old_) replace_file();
  if (file_.published().empty()) return;
  if (file_is_old_) {
    file_.live().leave_names_to_hlbd(table());
  } else {
    file_.live().complete();
  }
}

// Leaves things as they are when it can't be, and tries again.
void Publisher::replace_file() {
  if (steady_clock::now() < file_.rested_at()) return try_again_at(file_.rested_at());
  try {
    file_.publish(truth_);
    file_is_old_ = false;
    on_trouble_("");
  } catch (const std::exception& error) {
    spdlog::error("no new table, hlbd answers itself what the one before doesn't have: {}",
                  error.what());
    on_trouble_(error.what());
    try_again_at(steady_clock::now() + kRetry);
  }
}

void Publisher::try_again_at(steady_clock::time_point time) {
  retry_.expires_at(time);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error && file_is_old_) replace_file();
  });
}

void Publisher::score(ServiceVerdict& service) {
  for (BackendVerdict& backend : service.backends)
    backend.sort_score = scores_.of(backend.address);
}

void Publisher::forget_sort_scores() {
  scores_.refresh();
  std::ranges::for_each(verdicts_, [this](ServiceVerdict& service) { score(service); });
  std::vector<std::size_t> all(verdicts_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  tell(all);
}

void Publisher::publish_soon() {
  if (std::exchange(pending_, true)) return;
  soon_.expires_at(steady_clock::now());
  soon_.async_wait([this](const boost::system::error_code& error) {
    if (!error) publish();
  });
}

void Publisher::renew_lease() {
  if (file_.published().empty() || file_.renew()) return;
  spdlog::warn("the table was removed, replaced or changed by somebody else: it is made anew");
  file_is_old_ = true;
  replace_file();
}

}  // namespace hlb
