// How a server answers a call of gRPC: by headers of HTTP/2, and the status in the last of them.
// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::rpc {

enum class Status : std::uint8_t {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
};

// Of what a server says, as much as a fault may show is kept.
class ReplyHead {
 public:
  void take(std::string_view name, std::string_view value);

  bool begun() const { return !http_status_.empty(); }

  // Why the response is none of gRPC, as far as it has come; empty if it is one. Printable.
  std::string fault() const;

  // nullopt: none has come, or none that is known here.
  std::optional<Status> status() const;
  bool has_status() const { return !status_.empty(); }
  // What the server says of its status, as it came.
  const std::string& message() const { return message_; }

  // "UNAVAILABLE: no leader", "grpc-status 99"; printable, at most `limit` long.
  std::string in_words(std::size_t limit) const;

 private:
  std::string http_status_;
  std::string content_type_;
  std::string status_;
  std::string message_;
};

}  // namespace hlb::rpc
