#include "fleet/etcd/etcd_engine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fleet/etcd/messages.h"
#include "fleet/etcd/watching.h"

namespace hlb::fleet::etcd {
namespace {

using Kind = EngineFault::Kind;
using Connection = std::shared_ptr<EtcdConnection>;

constexpr std::size_t kMaxListed = std::size_t{64} << 20U;
constexpr std::int64_t kPage = 1000;  // keys

EngineFault no_sense(const EtcdConnection& connection) {
  return connection.fault_of(Kind::unavailable, "a reply that makes no sense");
}

// Coroutines that have the connection themselves, as the engine may go while they wait.
template <typename T>
Async<T> ask(Connection connection, std::string path, std::string request,
             std::optional<T> (*read)(std::string_view)) {
  const auto reply = co_await EtcdConnection::call(connection, std::move(path), std::move(request));
  if (!reply) co_return tl::make_unexpected(connection->fault_of(reply.error()));
  auto answer = read(*reply);
  if (!answer) co_return tl::make_unexpected(no_sense(*connection));
  co_return *std::move(answer);
}

// A list as far as it has come.
class Pages {
 public:
  explicit Pages(const std::string& prefix) : next_(prefix), end_(end_of_prefix(prefix)) {}

  std::string request() const {
    return range_request(next_, end_, limit_, listing_.stand.revision);
  }

  // Asks for fewer keys at a time, as so many are more than a message may be; false: for no fewer.
  bool ask_for_less() {
    if (limit_ == 1) return false;
    limit_ /= 10;
    return true;
  }

  // Takes a page; an empty text, or what is wrong with it.
  std::string_view take(RangeReply reply) {
    if (listing_.stand.revision == 0) listing_.stand = reply.stand;
    more_ = reply.more;
    if (more_ && reply.keys.empty()) return "a page without keys";
    if (reply.keys.size() > static_cast<std::size_t>(limit_)) return "more keys than asked for";
    for (Change& key : reply.keys) {
      if (key.key < next_) return "keys out of their order";
      next_ = key.key + '\0';
      size_ += size_of(key);
      listing_.keys.push_back(std::move(key));
    }
    return size_ > kMaxListed ? "over 64 MiB of keys" : "";
  }

  bool more() const { return more_; }
  Listing finish() { return std::move(listing_); }

 private:
  std::string next_;
  std::string end_;
  std::int64_t limit_ = kPage;
  bool more_ = true;
  std::size_t size_ = 0;
  Listing listing_;
};

Async<Listing> list_all(Connection connection, std::string prefix) {
  Pages pages(prefix);
  while (pages.more()) {
    const auto bytes =
        co_await EtcdConnection::call(connection, "/etcdserverpb.KV/Range", pages.request());
    if (!bytes && bytes.error().too_long && pages.ask_for_less()) continue;
    if (!bytes) co_return tl::make_unexpected(connection->fault_of(bytes.error()));
    auto page = read_range(*bytes);
    if (!page) co_return tl::make_unexpected(no_sense(*connection));
    if (const auto why = pages.take(*std::move(page)); !why.empty()) {
      co_return tl::make_unexpected(connection->fault_of(Kind::unavailable, why));
    }
  }
  co_return pages.finish();
}

Async<bool> try_revision(Connection connection, std::string key, Revision revision) {
  const auto reply = co_await EtcdConnection::call(connection, "/etcdserverpb.KV/Range",
                                                   range_request(key, "", 1, revision));
  if (reply) co_return true;
  EngineFault fault = connection->fault_of(reply.error());
  if (fault.kind == Kind::compacted) co_return false;
  co_return tl::make_unexpected(std::move(fault));
}

}  // namespace

EtcdEngine::~EtcdEngine() {
  connection_->close();
}

void EtcdEngine::close() {
  connection_->close();
}

Async<Listing> EtcdEngine::list(std::string prefix) {
  return list_all(connection_, std::move(prefix));
}

std::unique_ptr<Watch> EtcdEngine::watch(std::string prefix, Revision from) {
  return std::make_unique<EtcdWatch>(connection_, prefix, from);
}

Async<Committed> EtcdEngine::transact(Transaction transaction) {
  return ask(connection_, "/etcdserverpb.KV/Txn", txn_request(transaction), &read_txn);
}

Async<Lease> EtcdEngine::grant(std::chrono::seconds time) {
  return ask(connection_, "/etcdserverpb.Lease/LeaseGrant", grant_request(time), &read_lease);
}

// A stream of one request and one reply.
Async<Lease> EtcdEngine::keep_alive(std::int64_t lease) {
  return ask(connection_, "/etcdserverpb.Lease/LeaseKeepAlive", keep_alive_request(lease),
             &read_lease);
}

Async<std::vector<Member>> EtcdEngine::members() {
  return ask(connection_, "/etcdserverpb.Cluster/MemberList", "", &read_members);
}

Async<bool> EtcdEngine::keeps(std::string key, Revision revision) {
  return try_revision(connection_, std::move(key), revision);
}

}  // namespace hlb::fleet::etcd
