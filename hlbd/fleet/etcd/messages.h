// The messages of etcd's gRPC interface, as far as hlb has use for them (etcd's rpc.proto,
// kv.proto).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/engine.h"

namespace hlb::fleet::etcd {

// What is made of a message takes no more memory than this, however it is made.
inline constexpr std::size_t kMaxDecoded = std::size_t{64} << 20U;

// What a change takes.
std::size_t size_of(const Change& change);

// The end of the keys that begin so, as etcd wants it: the first one after them.
std::string end_of_prefix(std::string_view prefix);

// ---- requests ----------------------------------------------------------------------------------

// Of the keys from `key` to `end`, so many at most; at a revision, or 0 for now.
std::string range_request(std::string_view key, std::string_view end, std::int64_t limit,
                          Revision revision);
std::string txn_request(const Transaction& transaction);
std::string watch_request(std::string_view prefix, Revision from);
std::string progress_request();
std::string grant_request(std::chrono::seconds time);
std::string keep_alive_request(std::int64_t lease);

// ---- replies -----------------------------------------------------------------------------------
// nullopt: the bytes are no such message, or would take more than kMaxDecoded.

struct RangeReply {
  Stand stand;
  std::vector<Change> keys;
  bool more = false;  // keys in the range than the limit let through
};
std::optional<RangeReply> read_range(std::string_view message);

std::optional<Committed> read_txn(std::string_view message);

struct WatchReply {
  Stand stand;
  bool created = false;
  bool canceled = false;
  bool fragment = false;  // the next message goes on with this one's changes
  Revision compacted = 0;
  std::string reason;  // why it was canceled, as it came
  std::vector<Change> changes;
};
std::optional<WatchReply> read_watch(std::string_view message);

// Of a grant, or a keep-alive.
std::optional<Lease> read_lease(std::string_view message);

std::optional<std::vector<Member>> read_members(std::string_view message);

}  // namespace hlb::fleet::etcd
