// Fuzzes the decoders of what hlbd and its helpers say to each other. The helper that ends
// connections may take the network down, and believes nobody; neither does hlbd.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "connections/message.h"
#include "programs/message.h"

namespace {

// What is taken for a message is what its sender would have written, to the last byte.
void expect_same(const hlb::helpers::Bytes& written, std::span<const std::uint8_t> read) {
  if (!std::ranges::equal(written, read)) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  if (const auto request = hlb::connections::decode_request(bytes)) {
    if (request->doomed.size() > hlb::connections::kMostDoomed) std::abort();
    expect_same(encode(*request), bytes);
  }
  if (const auto reply = hlb::connections::decode_reply(bytes)) expect_same(encode(*reply), bytes);
  if (const auto message = hlb::programs::decode(bytes)) {
    const auto written = encode(*message);
    if (!written) std::abort();
    expect_same(*written, bytes);
  }
  return 0;
}
