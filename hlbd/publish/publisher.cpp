#include "publish/publisher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "publish/encode.h"

namespace hlb {
namespace {

constexpr std::chrono::seconds kRetry{1};
constexpr std::size_t kScoresAtLeast = 1000;    // scores that are kept in any case
constexpr std::chrono::milliseconds kSlice{5};  // of work in a turn of the loop

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
      next_slice_(executor),
      next_sort_(executor),
      retry_(executor) {
  scores_.refresh();
}

void Publisher::configured() {
  reshaped_ = true;
  encoder_.reset();
  for (Awaiting& each : awaiting_verdicts_)
    each.news = monitor_.latest_news();
}

void Publisher::publish(std::function<void()> then) {
  if (then) awaiting_verdicts_.push_back({monitor_.latest_news(), std::move(then)});
  pending_ = false;
  const std::vector<Refreshed> services = tell_news();
  if (reshaped_) reshape();
  if (file_.published().empty()) file_.supersede_predecessor();
  publications_ += services.empty() ? 0 : 1;
  if (monitor_.has_news()) publish_soon();
  on_published_(services);
  call_who_awaits_verdicts();
  call_who_awaits_file();
}

void Publisher::call_who_awaits_verdicts() {
  const auto waits = [this](const Awaiting& each) { return !monitor_.was_told(each.news); };
  const auto waiting = std::ranges::stable_partition(awaiting_verdicts_, waits);
  const std::vector<Awaiting> told(std::move_iterator(waiting.begin()),
                                   std::move_iterator(waiting.end()));
  awaiting_verdicts_.erase(waiting.begin(), waiting.end());
  for (const Awaiting& each : told)
    each.then();
}

void Publisher::call_who_awaits_file() {
  if (awaiting_file_ && file_is_whole()) std::exchange(awaiting_file_, {})();
}

// Tells a slice of the verdicts that are new. Returns their services.
std::vector<Refreshed> Publisher::tell_news() {
  if (truth_.empty()) return monitor_.refresh();  // the first truth will have them all
  constexpr std::size_t kServicesAtATime = 4;     // each may have thousands of backends
  const auto end_of_slice = Monotonic::now() + kSlice;
  std::vector<Refreshed> news;
  do {
    const std::vector<Refreshed> services = monitor_.refresh(kServicesAtATime);
    tell(services);
    news.insert(news.end(), services.begin(), services.end());
  } while (monitor_.has_news() && Monotonic::now() < end_of_slice);
  return news;
}

void Publisher::tell(std::span<const Refreshed> services) {
  const std::span<const ServiceVerdict> verdicts = monitor_.verdicts();
  publish::LiveTable truth(truth_);
  publish::LiveTable table = file_.live();
  const publish::AskHlbd ask =
      left_to_hlbd_ ? publish::AskHlbd::as_before : publish::AskHlbd::as_needed;
  for (const Refreshed& each : services) {
    const ServiceVerdict& verdict = verdicts[each.service];
    const bool has_place = truth.tell(verdict, publish::AskHlbd::if_none_serves);
    // Only the next truth can have a backend that this hasn't.
    if (encoder_ ? !encoder_->tell(each.service, verdict) : !has_place) reshaped_ = true;
    table.tell(verdict, ask);
  }
}

void Publisher::reshape() {
  reshaped_ = false;
  leaving_.reset();
  told_again_ = 0;
  scores_are_newer_ = false;
  encoder_.emplace(monitor_.verdicts(),
                   publish::TableTraits{.max_stale = max_stale_, .network = network_},
                   [this](const Address& address) { return scores_.of(address); });
  // Without a first truth hlbd itself can answer nothing.
  while (truth_.empty())
    encode_more();
  work();
}

// Does a slice of the work, and the rest in the turns to come.
void Publisher::work() {
  working_ = true;
  const auto end_of_slice = Monotonic::now() + kSlice;
  while (work_more()) {
    if (Monotonic::now() < end_of_slice) continue;
    next_slice_.expires_at(end_of_slice);
    next_slice_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
      if (error) return;
      work();
      if (!working_) on_published_({});
    }));
    return;
  }
  end_work();
}

// Returns false when there is nothing more to do for now.
bool Publisher::work_more() {
  if (encoder_) {
    encode_more();
    return true;
  }
  if (scores_.forget_some(2 * monitor_.totals().backends + kScoresAtLeast)) return true;
  if (file_is_old_) return leaving_ ? leave_more() : replace_more();
  return left_to_hlbd_ && !reshaped_ && tell_more();
}

// Encodes a part of the next truth, which takes the place of the truth once it is whole.
void Publisher::encode_more() {
  constexpr std::size_t kServicesAtATime = 200;
  if (!encoder_->add(monitor_.verdicts(), kServicesAtATime)) return;
  truth_ = std::move(*encoder_).take();
  encoder_.reset();
  if (scores_are_newer_ || sorting_) sort_anew();
  file_is_old_ = !publish::same(truth_, file_.published(), publish::Words::none);
}

// Leaves things as they are when the file can't be replaced, and tries again.
bool Publisher::replace_more() {
  if (Monotonic::now() < file_.rested_at()) {
    try_again_at(file_.rested_at());
    return put_off();
  }
  try {
    if (!file_.prepare(truth_.size())) return true;
    file_.publish(truth_);
    file_is_old_ = left_to_hlbd_ = false;
  } catch (const std::exception& error) {
    on_trouble_(fmt::format(
        "no new table, hlbd answers itself what the one before doesn't have: {}", error.what()));
    try_again_at(Monotonic::now() + kRetry);
    return put_off();
  }
  return false;
}

// Makes the old file, as long as it stands, leave to hlbd what it doesn't have.
bool Publisher::put_off() {
  if (file_.published().empty()) return false;
  left_to_hlbd_ = true;
  leaving_ = 0;
  return true;
}

bool Publisher::leave_more() {
  constexpr std::uint64_t kSlotsAtATime = 500;
  return file_.live().leave_names_to_hlbd(
      truth_, std::exchange(*leaving_, *leaving_ + kSlotsAtATime), kSlotsAtATime);
}

// The file has all after all.
bool Publisher::tell_more() {
  constexpr std::size_t kAtATime = 200;
  const auto rest = monitor_.verdicts().subspan(told_again_);
  publish::LiveTable table = file_.live();
  for (const ServiceVerdict& verdict : rest.first(std::min(kAtATime, rest.size())))
    table.tell(verdict);
  told_again_ += std::min(kAtATime, rest.size());
  left_to_hlbd_ = told_again_ < monitor_.verdicts().size();
  return left_to_hlbd_;
}

void Publisher::end_work() {
  working_ = false;
  leaving_.reset();
  told_again_ = 0;
  next_slice_.cancel();
  if (file_.published().empty() || file_is_old_ || reshaped_) return;
  file_.give_up_draft();
  on_trouble_("");
  file_.live().complete();
  call_who_awaits_file();
}

void Publisher::await_file(std::function<void()> then) {
  if (file_is_whole()) return then();
  awaiting_file_ = std::move(then);
}

void Publisher::try_again_at(Monotonic::time_point time) {
  retry_.expires_at(time);
  retry_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error && file_is_old_ && !working_) work();
  }));
}

void Publisher::publish_soon() {
  if (std::exchange(pending_, true)) return;
  soon_.expires_at(Monotonic::now());
  soon_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error) publish();
  }));
}

void Publisher::forget_sort_scores() {
  scores_.refresh();
  scores_are_newer_ = true;
  sort_anew();
}

void Publisher::sort_anew() {
  sorted_ = 0;
  if (!std::exchange(sorting_, true)) sort_more();
}

void Publisher::sort_more() {
  constexpr std::uint32_t kSlotsAtATime = 256;
  const auto end_of_slice = Monotonic::now() + kSlice;
  const auto score_of = [this](const Address& address) { return scores_.of(address); };
  while (sorting_ && Monotonic::now() < end_of_slice) {
    const bool more_truth = publish::LiveTable(truth_).sort_by(score_of, sorted_, kSlotsAtATime);
    const bool more_file = file_.live().sort_by(score_of, sorted_, kSlotsAtATime);
    sorting_ = more_truth || more_file;
    sorted_ += kSlotsAtATime;
  }
  if (!sorting_) return;
  next_sort_.expires_at(end_of_slice);
  next_sort_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error) sort_more();
  }));
}

void Publisher::renew_lease() {
  if (file_.published().empty()) return;
  if (file_.renew() && (working_ || file_is_old_ || !was_written_to())) return;
  file_.give_up();
  if (std::exchange(file_is_old_, true)) return;  // and is about to be replaced, or tried again
  spdlog::warn("the table was removed, replaced or changed by somebody else: it is made anew");
  if (!working_) work();
}

bool Publisher::was_written_to() {
  return file_.may_be_written_to() &&
         !publish::same(truth_, file_.published(), publish::Words::of_answers);
}

}  // namespace hlb
