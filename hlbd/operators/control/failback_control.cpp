#include "operators/control/failback_control.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace hlb {
namespace {

constexpr std::size_t kMostFailbacks = 256;  // limit of those that wait
constexpr std::chrono::seconds kRetryFile{10};

}  // namespace

FailbackControl::FailbackControl(const boost::asio::any_io_executor& executor,
                                 const std::filesystem::path& state_folder, Worker& worker,
                                 Monitor& monitor, Publish publish, OnTrouble on_trouble)
    : worker_(worker),
      monitor_(monitor),
      publish_(std::move(publish)),
      on_trouble_(std::move(on_trouble)),
      file_(state_folder, kFailbackFile),
      retry_(executor) {}

void FailbackControl::restore() {
  auto loaded = file_.load(decode_serving);
  if (!loaded) {
    const auto& [reason, kept] = loaded.error();
    spdlog::warn("{}: ignored, so that no priority is held back; {}", reason, kept);
    return;
  }
  serving_ = std::move(*loaded);
  for (const auto& [service, priority] : serving_)
    monitor_.restore_serving(service, priority);
}

SavedServing FailbackControl::serving() const {
  SavedServing serving;
  if (monitor_.list()->sums().holding_back == 0) return serving;
  for (std::size_t i = 0; i < monitor_.watched().size(); ++i) {
    const Failback* const failback = monitor_.watched()[i].failback.get();
    if (failback == nullptr || !failback->serving()) continue;
    serving.emplace(monitor_.services()[i].name, *failback->serving());
  }
  return serving;
}

tl::expected<std::size_t, Refusal> FailbackControl::place_of(const std::string& service) const {
  const auto place = monitor_.find(service);
  if (!place) {
    return refuse(Refusal::Kind::no_such_service, service + ": no service has this name");
  }
  if (monitor_.verdicts()[*place].status.held_back > 0) return *place;
  return refuse(Refusal::Kind::no_such_backend,
                service + ": no backend is held back, the best healthy priority serves");
}

void FailbackControl::fail_back(bus::FailbackRequest request, Reply reply) {
  if (waiting_.size() >= kMostFailbacks) {
    return reply(not_kept("too many changes wait for the disk"));
  }
  waiting_.push_back({std::move(request), std::move(reply)});
  take_turn();
}

void FailbackControl::configured() {
  SavedServing now = serving();
  if (now != serving_) in_file_ = false;
  serving_ = std::move(now);
  take_turn();
}

void FailbackControl::published(std::span<const Refreshed> services) {
  bool changed = false;
  for (const Refreshed& each : services) {
    const Failback* const failback = monitor_.watched()[each.service].failback.get();
    if (failback == nullptr || !failback->serving()) continue;
    const auto [kept, added] = serving_.try_emplace(monitor_.services()[each.service].name);
    if (!added && kept->second == *failback->serving()) continue;
    kept->second = *failback->serving();
    changed = true;
  }
  if (!changed) return;
  in_file_ = false;
  take_turn();
}

// Keeps what serves and all that is asked for, unless a write is under way: its end calls again.
// No priority is kept of a service that goes back, as it isn't known yet which will serve.
void FailbackControl::take_turn() {
  if (writing_) return;
  for (Request& request : std::exchange(waiting_, {})) {
    const auto place = place_of(request.what.service);
    if (!place) {
      request.reply(tl::unexpected(place.error()));
      continue;
    }
    asked_.push_back(std::move(request));
  }
  if (in_file_ && asked_.empty()) return;
  in_file_ = true;
  SavedServing serving = serving_;
  for (const Request& request : asked_)
    serving.erase(request.what.service);
  keep(std::move(serving));
}

void FailbackControl::keep(SavedServing serving) {
  writing_ = true;
  worker_.post([this, file = file_, serving = std::move(serving)] {
    std::string trouble = file.save(encode_serving(serving));
    return [this, trouble = std::move(trouble)] { kept(trouble); };
  });
}

void FailbackControl::kept(const std::string& trouble) {
  writing_ = false;
  const std::string why = file_.in_words(trouble);
  on_trouble_(why);
  if (!why.empty()) in_file_ = false;
  if (auto asked = std::exchange(asked_, {}); why.empty()) {
    put_in_force(std::move(asked));
  } else {
    for (const Request& request : asked)
      request.reply(not_kept("which priority serves " + why));
  }
  if (why.empty() || !waiting_.empty()) return take_turn();
  try_again();
}

void FailbackControl::put_in_force(std::vector<Request> requests) {
  if (requests.empty()) return;
  std::vector<std::pair<Reply, std::uint32_t>> replies;
  for (Request& request : requests) {
    const auto place = monitor_.find(request.what.service);
    const std::uint32_t held_back = place ? monitor_.verdicts()[*place].status.held_back : 0;
    replies.emplace_back(std::move(request.reply), held_back);
    serving_.erase(request.what.service);  // until its verdict is published
    if (place) monitor_.fail_back(*place, request.what.user);
  }
  publish_([replies = std::move(replies)] {
    for (const auto& [reply, held_back] : replies)
      reply(held_back);
  });
}

void FailbackControl::try_again() {
  retry_.expires_after(kRetryFile);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) take_turn();
  });
}

}  // namespace hlb
