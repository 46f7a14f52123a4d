#include "fleet/follower.h"

#include <random>
#include <utility>

#include "text/wording.h"

namespace hlb::fleet {
namespace {

// Lines for the log of a moment: one for each key, but no flood.
constexpr std::size_t kMostLines = 1000;

MirrorSettings settings_for(const FleetConfig& config, const KeyLayout& keys) {
  return {.endpoints = config.etcd, .prefix = keys.catalog(), .seed = std::random_device{}()};
}

std::string known_as(const std::string& fault) {
  return fault.empty() ? "etcd isn't reached yet" : "etcd can't be followed: " + fault;
}

}  // namespace

Follower::Follower(boost::asio::any_io_executor executor, Clock& clock, Worker& disk,
                   std::filesystem::path state_folder, FleetConfig config, MakeConnect make_connect,
                   Effects effects, bool wait_for_disk)
    : executor_(std::move(executor)),
      clock_(clock),
      disk_(disk),
      state_folder_(std::move(state_folder)),
      config_(std::move(config)),
      make_connect_(std::move(make_connect)),
      effects_(std::move(effects)),
      catalog_(config_),
      first_round_(clock.alarm([this] {
        first_round_over_ = true;
        if (!known()) effects_.put_in_force(merge());
      })) {
  first_round_->set(clock.now() + kFirstRound);
  follow(wait_for_disk ? load() : SavedMirror());
}

Merged Follower::start(std::vector<ServiceSpec> own) {
  merge_.set_local(std::move(own));
  mirror_->start();
  starting_ = false;
  return merge();
}

Merged Follower::configure(const FleetConfig& config, std::vector<ServiceSpec> own) {
  merge_.set_local(std::move(own));
  if (config == config_) return merge();
  const bool same_keys = config.prefix == config_.prefix;
  config_ = config;
  catalog_ = Catalog(config_);
  if (same_keys) {
    take_anew();
    mirror_->reconnect(make_connect_(config_), config_.etcd);
  } else {
    follow({});
    mirror_->start();
  }
  return merge();
}

SavedMirror Follower::load() const {
  auto loaded = SnapshotFile::load(state_folder_);
  if (loaded) return *std::move(loaded);
  const auto& [reason, kept] = loaded.error();
  effects_.on_notice({true, "fleet: " + reason + ": nothing is known from before; " + kept});
  return {};
}

void Follower::follow(SavedMirror before) {
  file_.reset();
  mirror_.emplace(executor_, clock_, make_connect_(config_), settings_for(config_, catalog_.keys()),
                  static_cast<MirrorObserver&>(*this), std::move(before));
  file_.emplace(clock_, disk_, state_folder_, *mirror_, effects_.on_unsaved);
}

// By other rules, values may be refused that weren't, or the other way round.
void Follower::take_anew() {
  std::vector<Change> good;
  std::vector<Change> bad;
  for (const auto& [key, kept] : mirror_->keys().all()) {
    good.push_back({key, kept.good.value_or(kept.value), kept.revision});
    if (kept.good) bad.push_back({key, kept.value, kept.revision});
  }
  take(good);
  take(bad);
}

void Follower::changed(std::span<const Change> changes, bool more) {
  take(changes);
  file_->changed();
  if (!more && !starting_) effects_.put_in_force(merge());
}

void Follower::take(std::span<const Change> changes) {
  const std::vector<RefusedKey> news = catalog_.take(changes);
  for (const RefusedKey& each : news) {
    const std::string key = catalog_.keys().whole(each.key);
    if (each.by_value) {
      mirror_->refused(key);
    } else {
      mirror_->accepted(key);
    }
  }
  tell_refused(news);
  tell_trouble();
}

void Follower::tell_refused(std::span<const RefusedKey> news) const {
  std::size_t lines = 0;
  for (const RefusedKey& each : news) {
    if (each.reason.empty() || each.again || ++lines > kMostLines) continue;
    effects_.on_notice({true, "fleet: " + each.to_string()});
  }
  if (lines > kMostLines) {
    effects_.on_notice({true, "fleet: " + text::counted(lines - kMostLines, "key") +
                                  " more can't be used: see hlbctl fleet"});
  }
}

void Follower::standing_changed() {
  if (!starting_ && known() && !std::exchange(first_round_over_, true))
    effects_.put_in_force(merge());
  file_->changed();
  tell_trouble();
  effects_.on_standing();
}

void Follower::notice(const Notice& notice) {
  effects_.on_notice(notice);
  tell_trouble();
}

void Follower::tell_trouble() {
  if (!mirror_) return;
  const MirrorStanding standing = mirror_->standing();
  std::string trouble;
  if (standing.state == MirrorStanding::State::frozen) {
    trouble = known_as(standing.fault) + "; what it said last holds";
  } else if (standing.held > 0) {
    trouble = text::counted(standing.held, "key") +
              " that etcd has lost stay in force until hlbctl fleet accept";
  } else if (standing.refused > 0) {
    trouble = text::counted(standing.refused, "key") + " can't be used: see hlbctl fleet";
  }
  if (std::exchange(trouble_, trouble) != trouble) effects_.on_trouble(trouble);
}

Merged Follower::merge() {
  merge_.await_catalog(known() ? std::span<const std::string>() : config_.names);
  return merge_.merge(catalog_, effects_.in_force());
}

}  // namespace hlb::fleet
