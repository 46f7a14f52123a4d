// Any bytes as a response of HTTP: judged the same however they arrive, with a reason fit for a
// log.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "probes/http/response_body.h"
#include "probes/http/response_head.h"
#include "probes/reason.h"

namespace {

using namespace hlb;
using namespace hlb::probes;

struct Judged {
  std::string reason;
  unsigned status = 0;
  std::string text;
  ResponseBody::State state = ResponseBody::State::incomplete;
  bool open = false;

  friend bool operator==(const Judged&, const Judged&) = default;
};

Judged none(std::string reason) {
  Judged judged;
  judged.reason = std::move(reason);
  return judged;
}

// In pieces of at most `step` bytes.
Judged judge(std::string_view bytes, std::size_t step) {
  HttpCheck check;
  check.drain_status = {{503, 503}};
  ResponseHead head(check);
  std::optional<Outcome> verdict;
  while (!verdict && !bytes.empty()) {
    const auto space = head.space();
    const std::string_view piece = bytes.substr(0, std::min(step, space.size()));
    if (piece.empty()) std::abort();
    std::ranges::copy(piece, space.begin());
    bytes.remove_prefix(piece.size());
    verdict = head.take(piece.size());
  }
  if (!verdict) return none(head.closed().reason);
  Judged judged = none(verdict->reason);
  judged.status = head.status();
  if (judged.status == 0) return none("no response");  // what is shown depends on the pieces
  ResponseBody body(head.framing(), true, head.rest());
  while (body.state() == ResponseBody::State::incomplete && !bytes.empty()) {
    const std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    body.take(piece);
  }
  judged.text = body.text();
  judged.state = body.state();
  judged.open = body.leaves_it_open() && bytes.empty();
  return judged;
}

void check(const Judged& judged) {
  if (judged.reason.size() > kMaxReason || judged.text.size() > kMaxBody) std::abort();
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::ranges::all_of(judged.reason, printable)) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  const Judged whole = judge(bytes, bytes.size() + 1);
  check(whole);
  if (judge(bytes, 1U + data[0]) != whole) std::abort();
  return 0;
}
