// Fuzzes what programs may send to the peer socket: each input is one connection's bytes, in pieces
// of a size that the first byte tells, given to the protocol as it runs in hlbd.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "libnss_hlb/table.h"
#include "publish/encode.h"
#include "publish/peer_protocol.h"

namespace {

std::vector<std::uint8_t> published_table() {
  hlb::ServiceSpec spec;
  spec.name = "app.local";
  const hlb::BackendVerdict up{*hlb::Address::parse("127.0.0.1"), 1, 0, hlb::State::up};
  hlb::ServiceVerdict service;
  service.spec = &spec;
  service.backends = {up};
  return hlb::publish::encode_table({&service, 1},
                                    {.max_stale = std::chrono::seconds(10), .network = {}},
                                    [](const hlb::Address&) { return 0; });
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::uint8_t> table = published_table();
  static const hlb::publish::PeerProtocol::Find find = [](const hlb::Name& name) {
    return hlb::table::View::over(table).find(name);
  };
  if (size == 0) return 0;
  hlb::publish::PeerProtocol protocol(find);
  const std::size_t piece = data[0] == 0 ? size : data[0];
  for (std::size_t at = 0; at < size;) {
    const auto space = protocol.space();
    const std::size_t count = std::min({piece, size - at, space.size()});
    std::copy_n(data + at, count, space.begin());
    at += count;
    if (!protocol.take(count)) break;
    protocol.answers_changed();
    protocol.sent(protocol.output().size() / 2);
  }
  return 0;
}
