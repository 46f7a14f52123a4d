#include "publisher.h"

#include <spdlog/spdlog.h>

#include <exception>
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
  const std::vector<Refreshed> services = monitor_.refresh();
  tell(services);
  publications_ += services.empty() ? 0 : 1;
  on_published_(services);
}

void Publisher::tell(std::span<const Refreshed> services) {
  const std::span<const ServiceVerdict> verdicts = monitor_.verdicts();
  publish::LiveTable truth(truth_);
  for (const Refreshed& each : services)
    reshaped_ = reshaped_ || !truth.tell(verdicts[each.service]);
  if (std::exchange(reshaped_, false)) reshape();
  if (file_.published().empty()) return file_.supersede_predecessor();
  publish::LiveTable table = file_.live();
  for (const Refreshed& each : services)
    table.tell(verdicts[each.service]);
}

void Publisher::reshape() {
  truth_ =
      publish::encode_table(monitor_.verdicts(), {.max_stale = max_stale_, .network = network_},
                            [this](const Address& address) { return scores_.of(address); });
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

void Publisher::forget_sort_scores() {
  scores_.refresh();
  const auto score_of = [this](const Address& address) { return scores_.of(address); };
  publish::LiveTable(truth_).sort_by(score_of);
  file_.live().sort_by(score_of);
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
