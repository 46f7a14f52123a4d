// A mirror of a fake engine, on a loop and a clock that the test turns, with a catalog that keeps
// what it is told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fleet/mirror.h"
#include "tests/unit/fake_clock.h"
#include "tests/unit/fake_engine.h"

namespace hlb::fleet {

class FakeCatalog final : public MirrorObserver {
 public:
  void changed(std::span<const Change> changes, bool more) override {
    std::set<std::string> keys;
    for (const Change& change : changes) {
      EXPECT_TRUE(keys.insert(change.key).second) << change.key << " twice in a call";
      take(change);
    }
    largest_call = std::max(largest_call, changes.size());
    if (!more) ++batches;
    in_batch = more;
    if (on_call) on_call();
  }
  void standing_changed() override { ++standings; }
  void notice(const Notice& notice) override { notices.push_back(notice.text); }

  using Values = std::map<std::string, std::string>;

  Mirror* mirror = nullptr;
  Values values;                  // in force: the last good ones
  std::set<std::string> bad;      // values that it refuses
  std::vector<std::string> told;  // "key=value", "-key"
  std::vector<std::string> notices;
  std::size_t standings = 0;
  std::size_t batches = 0;
  std::size_t largest_call = 0;
  bool in_batch = false;
  std::function<void()> on_call;
  std::function<void(const std::string& key)> on_removal;

 private:
  bool is_bad(const std::string& value) const {
    return bad.contains(value) || value.starts_with("bad-");
  }
  void take(const Change& change) {
    told.push_back(change.value ? change.key + "=" + *change.value : "-" + change.key);
    if (!change.value) {
      EXPECT_EQ(values.erase(change.key) + bad_alone_.erase(change.key), 1U) << change.key;
      if (on_removal) on_removal(change.key);
    } else if (is_bad(*change.value)) {
      if (!values.contains(change.key)) bad_alone_.insert(change.key);
      mirror->refused(change.key);
    } else {
      bad_alone_.erase(change.key);
      values[change.key] = *change.value;
    }
  }

  std::set<std::string> bad_alone_;  // keys that never had a good value
};

class MirrorTest : public testing::Test {
 protected:
  static constexpr const char* kPrefix = "/hlb/1/c/";

  // Starts a mirror that knows this from before; ends the one before.
  void start(SavedMirror before = {}) {
    mirror_.reset();
    catalog_ = std::make_unique<FakeCatalog>();
    catalog_->bad = bad_;
    catalog_->on_removal = on_removal_;
    mirror_ = std::make_unique<Mirror>(loop_.get_executor(), clock_, etcd_.connect(),
                                       MirrorSettings{.endpoints = etcd_.endpoints(),
                                                      .prefix = kPrefix,
                                                      .seed = seed_++,
                                                      .most_bytes = most_bytes_,
                                                      .wall = [this] { return wall(); }},
                                       *catalog_, std::move(before));
    catalog_->mirror = mirror_.get();
    mirror_->start();
    settle();
  }

  // What an hlbd that ends now leaves to the next.
  SavedMirror saved() const {
    SnapshotEncoder encoder(mirror_->position());
    std::optional<std::string> next = "";
    while (next)
      next = mirror_->save(encoder, *next);
    std::string bytes = std::move(encoder).finish();
    SnapshotEncoder::seal(bytes);
    auto decoded = decode_snapshot(bytes);
    EXPECT_TRUE(decoded) << decoded.error().reason;
    return decoded.value_or(SavedMirror());
  }
  void restart() { start(saved()); }

  // Turns the loop until all wait for time, or for the test.
  void settle() {
    do {
      loop_.restart();
    } while (loop_.poll() > 0);
  }
  void pass(std::chrono::milliseconds time) {
    settle();
    const auto limit = clock_.now() + time;
    bool rang = true;
    while (rang) {
      rang = clock_.pass_to_next_alarm(limit);
      settle();
    }
  }

  WallTime wall() const {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 28)) +
           std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
  }

  Revision put(const std::string& key, const std::string& value) {
    const Revision at = etcd_.put(kPrefix + key, value);
    settle();
    return at;
  }
  Revision erase(const std::string& key) {
    const Revision at = etcd_.erase(kPrefix + key);
    settle();
    return at;
  }
  Revision accept(WallTime at) {
    return put(std::string(kAcceptKey), encode_acceptance({.at = at, .by = "alice"}));
  }

  // The catalog's keys, without the prefix, and of them what stands in the engine.
  using Values = FakeCatalog::Values;
  Values in_force() const { return without_prefix(catalog_->values); }
  Values in_engine() const {
    Values values;
    for (const auto& [key, value] : etcd_.store().keys)
      if (key.starts_with(kPrefix)) values[key] = value.value;
    return without_prefix(values);
  }
  Values mirrored() const {
    Values values;
    for (const auto& [key, kept] : mirror_->keys().all())
      values[key] = kept.value;
    return without_prefix(values);
  }
  std::vector<std::string> told() {
    std::vector<std::string> all;
    for (std::string each : std::exchange(catalog_->told, {})) {
      const auto at = each.find(kPrefix);
      all.push_back(each.erase(at, std::string(kPrefix).size()));
    }
    return all;
  }

  MirrorStanding standing() const { return mirror_->standing(); }
  bool is_fresh() const { return standing().state == MirrorStanding::State::fresh; }
  bool is_frozen() const { return standing().state == MirrorStanding::State::frozen; }

  boost::asio::io_context loop_{1};
  FakeClock clock_;
  Clock::TimePoint began_ = clock_.now();
  FakeEtcd etcd_{loop_.get_executor(), 3};
  std::uint64_t seed_ = 1;
  std::size_t most_bytes_ = kMostBytes;
  std::set<std::string> bad_;
  std::function<void(const std::string& key)> on_removal_;
  std::unique_ptr<FakeCatalog> catalog_;
  std::unique_ptr<Mirror> mirror_;

 private:
  static Values without_prefix(const Values& values) {
    Values without;
    for (const auto& [key, value] : values)
      without[key.substr(std::string(kPrefix).size())] = value;
    return without;
  }
};

}  // namespace hlb::fleet
