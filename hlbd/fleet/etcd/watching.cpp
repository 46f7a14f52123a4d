#include "fleet/etcd/watching.h"

#include <iterator>
#include <utility>

namespace hlb::fleet::etcd {
namespace {

using Kind = EngineFault::Kind;

std::size_t size_of(const std::vector<Change>& changes) {
  std::size_t size = 0;
  for (const Change& change : changes)
    size += etcd::size_of(change);
  return size;
}

}  // namespace

// ---- what comes --------------------------------------------------------------------------------

void WatchQueue::take(std::string_view message) {
  if (fault_) return;
  auto reply = read_watch(message);
  if (!reply) return fail(connection_->fault_of(Kind::unavailable, "news that makes no sense"));
  accept(*std::move(reply));
}

void WatchQueue::accept(WatchReply reply) {
  if (reply.compacted > 0) {
    return fail(connection_->fault_of(Kind::compacted, "what came since isn't kept any more"));
  }
  if (reply.canceled) {
    const bool refused = reply.reason.find("permission denied") != std::string::npos;
    return fail(connection_->fault_of(refused ? Kind::refused : Kind::unavailable,
                                      "the watch was ended: " + reply.reason));
  }
  size_ += size_of(reply.changes) + sizeof(WatchNews);
  if (size_ > kMost) {
    return fail(connection_->fault_of(Kind::unavailable, "more news than there is room for"));
  }
  std::ranges::move(reply.changes, std::back_inserter(fragment_));
  if (reply.fragment) return;
  news_.push_back({reply.stand, std::exchange(fragment_, {})});
  bell_.ring();
}

// A watch never ends by itself.
void WatchQueue::end(rpc::RpcEnd end) {
  if (end.status == rpc::Status::ok) end = {.words = "the member has ended the watch"};
  fail(connection_->fault_of(end));
}

void WatchQueue::close() {
  fail(connection_->fault_of(Kind::unavailable, "closed"));
}

// What has come before is still given.
void WatchQueue::fail(EngineFault fault) {
  if (!fault_) fault_ = std::move(fault);
  fragment_ = {};
  bell_.ring();
}

Async<WatchNews> WatchQueue::next(std::shared_ptr<WatchQueue> self) {
  while (self->news_.empty() && !self->fault_)
    co_await self->bell_.wait();
  if (self->news_.empty()) co_return tl::make_unexpected(*self->fault_);
  WatchNews news = std::move(self->news_.front());
  self->news_.pop_front();
  self->size_ -= size_of(news.changes) + sizeof(WatchNews);
  co_return news;
}

// ---- the watch ---------------------------------------------------------------------------------

EtcdWatch::EtcdWatch(std::shared_ptr<EtcdConnection> connection, const std::string& prefix,
                     Revision from)
    : connection_(std::move(connection)), queue_(std::make_shared<WatchQueue>(connection_)) {
  stream_ = connection_->start("/etcdserverpb.Watch/Watch", watch_request(prefix, from), *queue_);
}

EtcdWatch::~EtcdWatch() {
  connection_->drop(stream_);
  queue_->close();
}

Async<WatchNews> EtcdWatch::next() {
  return WatchQueue::next(queue_);
}

void EtcdWatch::ask_progress() {
  connection_->send(stream_, progress_request());
}

}  // namespace hlb::fleet::etcd
