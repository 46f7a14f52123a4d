// Any bytes as what a member of etcd sends: each call ends once, in words fit for a log, unless it
// was dropped; what is sent in answer, and what is made of a message, is bounded.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fleet/etcd/messages.h"
#include "rpc/session.h"

namespace {

using namespace hlb::fleet;
using namespace hlb::rpc;

void expect(bool holds) {
  if (!holds) std::abort();
}

void decode(std::string_view message) {
  std::size_t size = 0;
  const auto range = etcd::read_range(message);
  for (const Change& change : range ? range->keys : std::vector<Change>())
    size += etcd::size_of(change);
  expect(size <= etcd::kMaxDecoded);
  size = 0;
  const auto watch = etcd::read_watch(message);
  for (const Change& change : watch ? watch->changes : std::vector<Change>())
    size += etcd::size_of(change);
  expect(size <= etcd::kMaxDecoded);
  etcd::read_txn(message);
  etcd::read_lease(message);
  etcd::read_members(message);
}

struct FuzzedCall final : RpcCall {
  void take(std::string_view message) override {
    expect(!ended && message.size() <= RpcSession::kMaxMessage);
    decode(message);
  }
  void end(RpcEnd its_end) override {
    expect(!ended);
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    expect(its_end.words.size() <= kMaxFault && std::ranges::all_of(its_end.words, printable));
    ended = std::move(its_end);
  }

  std::optional<RpcEnd> ended;
};

// In pieces of at most `step` bytes.
void serve(std::string_view bytes, std::size_t step) {
  RpcSession session("etcd1:2379", true);
  FuzzedCall once;
  FuzzedCall on_and_on;
  FuzzedCall dropped;
  session.start({.path = "/a", .message = "request", .metadata = {}}, once);
  const auto stream =
      session.start({.path = "/b", .message = "", .more = true, .metadata = {}}, on_and_on);
  const auto third = session.start({.path = "/c", .message = "", .metadata = {}}, dropped);
  session.output();
  session.drop(third);
  while (!bytes.empty()) {
    session.take(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    session.send(stream, "more");
    expect(session.output().size() <= 2 * RpcSession::kMaxOutput);
    expect(session.fault().size() <= kMaxFault);
  }
  expect(!dropped.ended);
  session.close("closed");
  expect(once.ended && on_and_on.ended);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  if (data[0] == 0) {
    decode(bytes);
  } else {
    serve(bytes, bytes.size() + 1);
    serve(bytes, data[0]);
  }
  return 0;
}
