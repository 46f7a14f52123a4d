#include "rpc/reply.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/printable.h"

namespace hlb::rpc {
namespace {

constexpr std::size_t kMaxField = 256;  // kept of a header
constexpr std::size_t kTypeShown = 40;

constexpr std::array<std::string_view, 17> kStatusNames = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

}  // namespace

void ReplyHead::take(std::string_view name, std::string_view value) {
  using Kept = std::pair<std::string_view, std::string*>;
  const std::array<Kept, 4> kept = {{{":status", &http_status_},
                                     {"content-type", &content_type_},
                                     {"grpc-status", &status_},
                                     {"grpc-message", &message_}}};
  const auto* found = std::ranges::find(kept, name, &Kept::first);
  if (found != kept.end()) *found->second = value.substr(0, kMaxField);
}

std::string ReplyHead::fault() const {
  if (http_status_ != "200") return "HTTP " + text::printable(http_status_, 3);
  if (!content_type_.starts_with("application/grpc")) {
    return "not gRPC: content-type \"" + text::printable(content_type_, kTypeShown) + '"';
  }
  return "";
}

std::optional<Status> ReplyHead::status() const {
  for (std::size_t status = 0; status < kStatusNames.size(); ++status) {
    if (std::to_string(status) == status_) return static_cast<Status>(status);
  }
  return std::nullopt;
}

std::string ReplyHead::in_words(std::size_t limit) const {
  const auto known = status();
  std::string words(known ? kStatusNames.at(static_cast<std::size_t>(*known)) : "");
  if (!known) words = "grpc-status " + text::printable(status_, 20);
  if (!message_.empty()) words += ": ";
  return words + text::printable(message_, limit - words.size());
}

}  // namespace hlb::rpc
