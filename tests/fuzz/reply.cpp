// Fuzzes the decoder of what a server says to a peer lookup, whole and as it comes in byte by byte.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "libnss_hlb/record.h"
#include "libnss_hlb/wire.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = hlb::wire::Reply::Kind;
  const std::span bytes(data, size);
  const hlb::wire::Reply whole = hlb::wire::parse_reply(bytes);
  if (whole.kind == Kind::record) hlb::record::View::over(whole.record);
  if (whole.kind == Kind::incomplete && whole.needed <= size) std::abort();
  // What is complete must have been incomplete before: a reader that stops early would lose it.
  for (std::size_t part = 0; part < size && part < 256; ++part) {
    const hlb::wire::Reply reply = hlb::wire::parse_reply(bytes.first(part));
    if (reply.kind == Kind::record && whole.kind != Kind::record) std::abort();
  }
  return 0;
}
