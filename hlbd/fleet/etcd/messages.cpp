#include "fleet/etcd/messages.h"

#include <algorithm>
#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "rpc/fields.h"

namespace hlb::fleet::etcd {
namespace {

using protozero::pbf_writer;
using rpc::MessageFields;
using Tag = MessageFields::Tag;

// Stands for the first key as a key, and for the end of all as an end.
constexpr std::string_view kFirstKey("\0", 1);

// What the vectors and strings of a message take is counted, as a few bytes may make many.
class Allowance {
 public:
  void take(std::size_t size) {
    if (size > left_) throw protozero::invalid_length_exception();
    left_ -= size;
  }

 private:
  std::size_t left_ = kMaxDecoded;
};

std::string_view key_or_first(std::string_view key) {
  return key.empty() ? kFirstKey : key;
}

void add(pbf_writer& message, Tag tag, std::string_view bytes) {
  message.add_bytes(tag, bytes.data(), bytes.size());
}

void add(pbf_writer& message, Tag tag, const std::string& bytes) {
  add(message, tag, std::string_view(bytes));
}

std::int64_t signed_number(MessageFields& fields) {
  return static_cast<std::int64_t>(fields.number());
}

// ---- parts of replies --------------------------------------------------------------------------

constexpr Tag kHeader = 1;  // of every reply

Stand read_stand(std::string_view message) {
  Stand stand;
  MessageFields fields(message);
  while (fields.next()) {
    if (fields.is_number(1)) {
      stand.cluster = fields.number();
    } else if (fields.is_number(3)) {
      stand.revision = signed_number(fields);
    }
  }
  return stand;
}

// A KeyValue, which has a value even where none is sent.
Change read_key(std::string_view message, Allowance& allowance) {
  Change change;
  change.value.emplace();
  MessageFields fields(message);
  while (fields.next()) {
    if (fields.is_bytes(1)) {
      change.key = fields.bytes();
    } else if (fields.is_number(3)) {
      change.revision = signed_number(fields);
    } else if (fields.is_bytes(5)) {
      change.value = fields.bytes().substr(0, kMaxValue + 1);
    }
  }
  allowance.take(size_of(change));
  return change;
}

Change read_event(std::string_view message, Allowance& allowance) {
  constexpr std::uint64_t kDelete = 1;
  std::uint64_t type = 0;
  Change change;
  MessageFields fields(message);
  while (fields.next()) {
    if (fields.is_number(1)) {
      type = fields.number();
    } else if (fields.is_bytes(2)) {
      change = read_key(fields.bytes(), allowance);
    }
  }
  if (type == kDelete) change.value.reset();
  allowance.take(sizeof change);  // of one without a key, too
  return change;
}

Member read_member(std::string_view message, Allowance& allowance) {
  Member member;
  MessageFields fields(message);
  while (fields.next()) {
    if (fields.is_bytes(2)) {
      member.name = fields.bytes();
    } else if (fields.is_bytes(4)) {
      member.urls.emplace_back(fields.bytes());
      allowance.take(sizeof(std::string) + member.urls.back().size());
    }
  }
  allowance.take(sizeof member + member.name.size());
  return member;
}

// Reads a message by a function that throws for what is none.
template <typename Read>
auto checked(Read read) -> std::optional<decltype(read())> try {
  return read();
} catch (const protozero::exception&) {
  return std::nullopt;
}

}  // namespace

std::size_t size_of(const Change& change) {
  return sizeof change + change.key.size() + (change.value ? change.value->size() : 0);
}

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff')
    end.pop_back();
  if (end.empty()) return std::string(kFirstKey);
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

// ---- requests ----------------------------------------------------------------------------------

std::string range_request(std::string_view key, std::string_view end, std::int64_t limit,
                          Revision revision) {
  std::string bytes;
  pbf_writer message(bytes);
  add(message, 1, key_or_first(key));
  add(message, 2, end);
  message.add_int64(3, limit);
  message.add_int64(4, revision);
  return bytes;
}

std::string txn_request(const Transaction& transaction) {
  std::string bytes;
  pbf_writer message(bytes);
  for (const auto& condition : transaction.only_if) {
    constexpr std::int32_t kOfModRevision = 2;
    pbf_writer compare(message, 1);  // whether equal, as nothing else is said
    compare.add_enum(2, kOfModRevision);
    add(compare, 3, condition.key);
    compare.add_int64(6, condition.revision);
  }
  for (const auto& write : transaction.writes) {
    pbf_writer operation(message, 2);
    pbf_writer of_key(operation, write.value ? 2 : 3);
    add(of_key, 1, write.key);
    if (!write.value) continue;
    add(of_key, 2, *write.value);
    of_key.add_int64(3, write.lease);
  }
  return bytes;
}

std::string watch_request(std::string_view prefix, Revision from) {
  std::string bytes;
  pbf_writer message(bytes);
  pbf_writer create(message, 1);
  add(create, 1, key_or_first(prefix));
  add(create, 2, end_of_prefix(prefix));
  create.add_int64(3, from);
  create.add_bool(8, true);  // what is long may come in fragments
  return bytes;
}

std::string progress_request() {
  std::string bytes;
  pbf_writer message(bytes);
  add(message, 3, std::string_view());
  return bytes;
}

std::string grant_request(std::chrono::seconds time) {
  std::string bytes;
  pbf_writer(bytes).add_int64(1, time.count());
  return bytes;
}

std::string keep_alive_request(std::int64_t lease) {
  std::string bytes;
  pbf_writer(bytes).add_int64(1, lease);
  return bytes;
}

// ---- replies -----------------------------------------------------------------------------------

std::optional<RangeReply> read_range(std::string_view message) {
  return checked([message] {
    RangeReply reply;
    Allowance allowance;
    MessageFields fields(message);
    while (fields.next()) {
      if (fields.is_bytes(kHeader)) {
        reply.stand = read_stand(fields.bytes());
      } else if (fields.is_bytes(2)) {
        reply.keys.push_back(read_key(fields.bytes(), allowance));
      } else if (fields.is_number(3)) {
        reply.more = fields.number() != 0;
      }
    }
    return reply;
  });
}

std::optional<Committed> read_txn(std::string_view message) {
  return checked([message] {
    Committed reply;
    MessageFields fields(message);
    while (fields.next()) {
      if (fields.is_bytes(kHeader)) {
        reply.stand = read_stand(fields.bytes());
      } else if (fields.is_number(2)) {
        reply.done = fields.number() != 0;
      }
    }
    return reply;
  });
}

std::optional<WatchReply> read_watch(std::string_view message) {
  return checked([message] {
    WatchReply reply;
    Allowance allowance;
    MessageFields fields(message);
    while (fields.next()) {
      if (fields.is_bytes(kHeader)) {
        reply.stand = read_stand(fields.bytes());
      } else if (fields.is_number(3)) {
        reply.created = fields.number() != 0;
      } else if (fields.is_number(4)) {
        reply.canceled = fields.number() != 0;
      } else if (fields.is_number(5)) {
        reply.compacted = signed_number(fields);
      } else if (fields.is_bytes(6)) {
        reply.reason = fields.bytes();
      } else if (fields.is_number(7)) {
        reply.fragment = fields.number() != 0;
      } else if (fields.is_bytes(11)) {
        reply.changes.push_back(read_event(fields.bytes(), allowance));
      }
    }
    return reply;
  });
}

std::optional<Lease> read_lease(std::string_view message) {
  return checked([message] {
    Lease lease;
    MessageFields fields(message);
    while (fields.next()) {
      if (fields.is_number(2)) {
        lease.id = signed_number(fields);
      } else if (fields.is_number(3)) {
        lease.left = std::chrono::seconds(signed_number(fields));
      }
    }
    return lease;
  });
}

std::optional<std::vector<Member>> read_members(std::string_view message) {
  return checked([message] {
    std::vector<Member> members;
    Allowance allowance;
    MessageFields fields(message);
    while (fields.next()) {
      if (fields.is_bytes(2)) members.push_back(read_member(fields.bytes(), allowance));
    }
    return members;
  });
}

}  // namespace hlb::fleet::etcd
