// Asking hlbd itself, over its peer socket: one connection, one call, one deadline.
#pragma once

#include <cstdint>
#include <span>

#include "libnss_hlb/name.h"
#include "libnss_hlb/record.h"
#include "libnss_hlb/wire.h"

namespace hlb {

// How long a lookup may wait for hlbd, whatever hlbd does.
inline constexpr std::uint64_t kLookupDeadlineMs = 300;

// The answer of one call, which owns the bytes that its record lies in.
class PeerReply {
 public:
  enum class Kind : std::uint8_t { record, no_such_service, no_answer };

  // Calls org.hlb1.Peer.Lookup(name). Returns by `deadline_ns` (CLOCK_MONOTONIC), leaves no
  // descriptor open, and holds signals and cancellation back meanwhile. `errno` may be anything
  // afterwards.
  [[gnu::cold]] PeerReply(const Name& name, std::uint64_t deadline_ns);
  ~PeerReply();
  PeerReply(const PeerReply&) = delete;
  PeerReply& operator=(const PeerReply&) = delete;

  Kind kind() const { return kind_; }
  std::span<const std::uint8_t> record() const { return record_; }  // aligned, but not checked

 private:
  void converse(int socket, const Name& name, std::uint64_t deadline_ns);
  bool receive(int socket, std::uint64_t deadline_ns, std::size_t needed);
  bool reserve(std::size_t needed);
  void take(const wire::Reply& reply);

  Kind kind_ = Kind::no_answer;
  std::span<const std::uint8_t> record_;
  std::uint8_t* buffer_ = first_;  // first_, or memory of malloc for a large reply
  std::size_t capacity_ = sizeof first_;
  std::size_t size_ = 0;
  alignas(record::kAlignment) std::uint8_t first_[1024];
};

}  // namespace hlb
