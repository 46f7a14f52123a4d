// An engine of several members in memory, with etcd's rules for revisions, watches and compaction,
// whose members fail, hang, lag and are wiped when a test says so. Its answers come a turn of the
// loop later, as real ones do.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/engine.h"

namespace hlb::fleet {

// What the members agree on.
struct FakeStore {
  struct Value {
    std::string value;
    Revision revision = 0;
    std::int64_t lease = 0;
  };

  std::uint64_t cluster = 1;
  Revision revision = 1;  // of an empty engine, as etcd has it
  Revision compacted = 0;
  std::map<std::string, Value> keys = {};
  std::vector<Change> history = {};  // of all changes that aren't compacted

  // Makes the writes, all at one revision.
  Revision commit(const std::vector<Transaction::Write>& writes) {
    ++revision;
    for (const Transaction::Write& write : writes) {
      if (!write.value && keys.erase(write.key) == 0) continue;
      if (write.value) keys[write.key] = {*write.value, revision, write.lease};
      history.push_back({write.key, write.value, revision});
    }
    return revision;
  }

  bool holds(const Transaction::Condition& condition) const {
    const auto found = keys.find(condition.key);
    return condition.revision == (found == keys.end() ? 0 : found->second.revision);
  }
};

class FakeEtcd {
 public:
  // Where an answer is awaited.
  enum class Step : std::uint8_t { connect, list, watch, transact, lease, members };
  // What is to happen there.
  struct Fate {
    bool hangs = false;                     // until the connection is closed
    std::optional<EngineFault> fault = {};  // in place of an answer
  };

  explicit FakeEtcd(boost::asio::any_io_executor executor, std::size_t members = 1)
      : executor_(std::move(executor)), nodes_(members) {}
  ~FakeEtcd() { break_all(); }
  FakeEtcd(const FakeEtcd&) = delete;
  FakeEtcd& operator=(const FakeEtcd&) = delete;

  // "m0", "m1" …
  std::vector<std::string> endpoints() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      names.push_back("m" + std::to_string(i));
    return names;
  }
  Connect connect() {
    return [this](std::string endpoint) { return connect_to(std::move(endpoint)); };
  }

  // The content, as anybody may change it.
  const FakeStore& store() const { return store_; }
  Revision put(const std::string& key, const std::string& value) {
    return commit({{.key = key, .value = value}});
  }
  Revision erase(const std::string& key) { return commit({{.key = key, .value = std::nullopt}}); }
  Revision commit(const std::vector<Transaction::Write>& writes) {
    const Revision at = store_.commit(writes);
    wake_all();
    return at;
  }

  // Forgets the changes before this revision: a watch from there on is fine, one from before isn't.
  void compact(Revision at) {
    store_.compacted = std::max(store_.compacted, at);
    std::erase_if(store_.history, [at](const Change& change) { return change.revision < at; });
    wake_all();
  }

  // The engine begins anew, with the same configuration and so the same cluster; or from a state
  // that was saved.
  void wipe() { restore({.cluster = store_.cluster}); }
  void restore(FakeStore saved) {
    store_ = std::move(saved);
    for (Node& node : nodes_)
      node.applied.reset();
    break_all();
  }

  // A member that is stopped refuses connections; one that hangs keeps them, and is silent; one
  // that lags has no more of the changes, but its lists are those of the majority.
  void stop(std::size_t member) {
    nodes_[member].up = false;
    break_all(member);
  }
  void hang(std::size_t member) { nodes_[member].hangs = true; }
  void lag(std::size_t member) { nodes_[member].applied = store_.revision; }
  void recover(std::size_t member) {
    nodes_[member] = {};
    wake_all();
  }

  // Ends connections that there are: of one member, or of all.
  void break_all(std::optional<std::size_t> member = std::nullopt) {
    for (const std::shared_ptr<Link>& link : links_)
      if (!member || link->member == *member) link->close("the connection broke");
    std::erase_if(links_, [](const auto& link) { return link->closed.has_value(); });
  }
  std::size_t connections() const { return links_.size(); }

  // Asked at each step; empty: all goes well.
  std::function<Fate(Step, std::size_t member)> fate;

  // Which steps were taken, of those that count connections and lists.
  std::size_t connects = 0;
  std::size_t lists = 0;
  std::size_t progress_requests = 0;
  std::vector<Revision> watched_from;

 private:
  struct Node {
    bool up = true;
    bool hangs = false;
    std::optional<Revision> applied;  // nullopt: all
  };

  // A connection: shared with coroutines that wait for it, so that these may outlive the Engine.
  struct Link {
    Link(FakeEtcd& cluster, std::size_t of)
        : etcd(&cluster),
          member(of),
          wake(cluster.executor_, boost::asio::steady_timer::time_point::max()) {}

    void close(const std::string& why) {
      if (!closed) closed = EngineFault{.message = why};
      wake.cancel();
    }

    FakeEtcd* etcd;  // while it isn't closed
    std::size_t member;
    boost::asio::steady_timer wake;  // cancelled when anything has changed
    std::optional<EngineFault> closed;
    std::map<std::int64_t, std::chrono::seconds> leases;
  };
  class Connection;
  class Watching;

  Async<std::unique_ptr<Engine>> connect_to(std::string endpoint);

  // Waits a turn, or as long as the member hangs; returns the fault in place of an answer.
  static boost::asio::awaitable<std::optional<EngineFault>> step(std::shared_ptr<Link> link,
                                                                 Step at);

  Stand stand(std::size_t member) const { return {store_.cluster, applied(member)}; }
  Revision applied(std::size_t member) const {
    return std::min(nodes_[member].applied.value_or(store_.revision), store_.revision);
  }
  void wake_all() {
    for (const std::shared_ptr<Link>& link : links_)
      link->wake.cancel();
  }
  void drop(const std::shared_ptr<Link>& link) { std::erase(links_, link); }

  boost::asio::any_io_executor executor_;
  FakeStore store_;
  std::vector<Node> nodes_;
  std::list<std::shared_ptr<Link>> links_;
  std::int64_t last_lease_ = 0;
};

}  // namespace hlb::fleet
