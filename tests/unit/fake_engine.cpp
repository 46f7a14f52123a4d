#include "tests/unit/fake_engine.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "system/scope.h"

namespace hlb::fleet {

namespace asio = boost::asio;

boost::asio::awaitable<std::optional<EngineFault>> FakeEtcd::step(std::shared_ptr<Link> link,
                                                                  Step at) {
  co_await asio::post(asio::use_awaitable);
  if (link->closed) co_return link->closed;
  Fate fate;
  if (link->etcd->fate) fate = link->etcd->fate(at, link->member);
  if (fate.fault) {
    if (fate.fault->kind == EngineFault::Kind::unavailable) link->close(fate.fault->message);
    co_return fate.fault;
  }
  while (!link->closed && (fate.hangs || link->etcd->nodes_[link->member].hangs))
    co_await link->wake.async_wait(kAsTuple);
  co_return link->closed;
}

class FakeEtcd::Watching final : public Watch {
 public:
  Watching(std::shared_ptr<Link> link, std::string prefix, Revision from)
      : watch_(std::make_shared<State>(State{std::move(link), std::move(prefix), from})) {}

  Async<WatchNews> next() override { return next_of(watch_); }

  void ask_progress() override {
    Link& link = *watch_->link;
    if (link.closed) return;
    ++link.etcd->progress_requests;
    watch_->asked = true;
    link.wake.cancel();
  }

 private:
  struct State {
    std::shared_ptr<Link> link;
    std::string prefix;
    Revision from = 0;
    bool created = false;
    bool asked = false;
  };

  static Async<WatchNews> next_of(std::shared_ptr<State> watch) {
    Link& link = *watch->link;
    while (true) {
      if (auto fault = co_await step(watch->link, Step::watch)) co_return tl::unexpected(*fault);
      const FakeEtcd& etcd = *link.etcd;
      if (watch->created && watch->from < etcd.store_.compacted) {
        co_return tl::unexpected(EngineFault{.kind = EngineFault::Kind::compacted,
                                             .message = "the revision has been compacted"});
      }
      WatchNews news{.stand = etcd.stand(link.member), .changes = {}};
      if (!std::exchange(watch->created, true)) {
        if (watch->from == 0) watch->from = news.stand.revision + 1;
        co_return news;
      }
      take_changes(*watch, news);
      if (std::exchange(watch->asked, false) || !news.changes.empty()) co_return news;
      co_await link.wake.async_wait(kAsTuple);
    }
  }

  static void take_changes(State& watch, WatchNews& news) {
    for (const Change& change : watch.link->etcd->store_.history) {
      if (change.revision < watch.from || change.revision > news.stand.revision) continue;
      if (change.key.starts_with(watch.prefix)) news.changes.push_back(change);
    }
    watch.from = std::max(watch.from, news.stand.revision + 1);
  }

  std::shared_ptr<State> watch_;
};

class FakeEtcd::Connection final : public Engine {
 public:
  explicit Connection(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  ~Connection() override { end(); }

  Async<Listing> list(std::string prefix) override { return list_of(link_, std::move(prefix)); }
  std::unique_ptr<Watch> watch(std::string prefix, Revision from) override {
    if (!link_->closed) link_->etcd->watched_from.push_back(from);
    return std::make_unique<Watching>(link_, std::move(prefix), from);
  }
  Async<Committed> transact(Transaction transaction) override {
    return transact_by(link_, std::move(transaction));
  }
  Async<Lease> grant(std::chrono::seconds time) override { return grant_by(link_, time); }
  Async<Lease> keep_alive(std::int64_t lease) override { return keep_by(link_, lease); }
  Async<std::vector<Member>> members() override { return members_by(link_); }
  Async<bool> keeps(std::string /*key*/, Revision revision) override {
    co_return revision >= link_->etcd->store_.compacted;
  }
  void close() override { end(); }

 private:
  void end() {
    if (!link_->closed) link_->etcd->drop(link_);
    link_->close("the connection is closed");
  }

  static Async<Listing> list_of(std::shared_ptr<Link> link, std::string prefix) {
    if (auto fault = co_await step(link, Step::list)) co_return tl::unexpected(*fault);
    ++link->etcd->lists;
    const FakeStore& store = link->etcd->store_;
    Listing listing{.stand = {store.cluster, store.revision}, .keys = {}};
    for (const auto& [key, value] : store.keys)
      if (key.starts_with(prefix)) listing.keys.push_back({key, value.value, value.revision});
    co_return listing;
  }

  static Async<Committed> transact_by(std::shared_ptr<Link> link, Transaction transaction) {
    if (auto fault = co_await step(link, Step::transact)) co_return tl::unexpected(*fault);
    FakeEtcd& etcd = *link->etcd;
    const bool done = std::all_of(
        transaction.only_if.begin(), transaction.only_if.end(),
        [&etcd](const Transaction::Condition& each) { return etcd.store_.holds(each); });
    if (done) etcd.commit(transaction.writes);
    co_return Committed{.done = done, .stand = {etcd.store_.cluster, etcd.store_.revision}};
  }

  static Async<Lease> grant_by(std::shared_ptr<Link> link, std::chrono::seconds time) {
    if (auto fault = co_await step(link, Step::lease)) co_return tl::unexpected(*fault);
    const std::int64_t id = ++link->etcd->last_lease_;
    link->leases[id] = time;
    co_return Lease{.id = id, .left = time};
  }
  static Async<Lease> keep_by(std::shared_ptr<Link> link, std::int64_t lease) {
    if (auto fault = co_await step(link, Step::lease)) co_return tl::unexpected(*fault);
    const auto found = link->leases.find(lease);
    const bool there = found != link->leases.end();
    co_return Lease{.id = lease, .left = there ? found->second : std::chrono::seconds(0)};
  }

  static Async<std::vector<Member>> members_by(std::shared_ptr<Link> link) {
    if (auto fault = co_await step(link, Step::members)) co_return tl::unexpected(*fault);
    std::vector<Member> members;
    for (const std::string& name : link->etcd->endpoints())
      members.push_back({.name = name, .urls = {name}});
    co_return members;
  }

  std::shared_ptr<Link> link_;
};

Async<std::unique_ptr<Engine>> FakeEtcd::connect_to(std::string endpoint) {
  ++connects;
  const std::size_t member = std::stoul(endpoint.substr(1));
  const auto link = std::make_shared<Link>(*this, member);
  links_.push_back(link);
  // Of who stops waiting for it the connection goes, too.
  auto connection = std::make_unique<Connection>(link);
  if (auto fault = co_await step(link, Step::connect)) co_return tl::unexpected(*fault);
  if (!nodes_[member].up) co_return tl::unexpected(EngineFault{.message = "connection refused"});
  co_return std::unique_ptr<Engine>(std::move(connection));
}

}  // namespace hlb::fleet
