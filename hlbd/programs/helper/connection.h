// A connection to hlbd.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "programs/message.h"
#include "system/file_descriptor.h"

namespace hlb::programs {

class DaemonConnection {
 public:
  explicit DaemonConnection(FileDescriptor socket) : socket_(std::move(socket)) {}

  int socket() const { return socket_.get(); }
  // Whether hlbd is gone, or talks as hlbd doesn't.
  bool over() const { return over_; }
  void end() { over_ = true; }

  // Whether replies wait for hlbd to read: no request is taken until they are sent.
  bool has_unsent() const { return !unsent_.empty(); }
  void send_more();

  void send(const RunReply& reply);
  // The next request; nullopt when there is none now.
  std::optional<Message> next();

 private:
  FileDescriptor socket_;
  std::deque<Bytes> unsent_;  // at most one for each program that runs
  bool over_ = false;
};

}  // namespace hlb::programs
