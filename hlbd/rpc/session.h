// Calls of gRPC over one connection, as bytes in and out. No socket, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rpc/framing.h"
#include "rpc/http2.h"
#include "rpc/reply.h"

namespace hlb::rpc {

// How a call ended.
struct RpcEnd {
  std::optional<Status> status{};  // nullopt: none came that is known here
  std::string words{};             // what the server says, or else why; printable, empty if ok
  bool too_long = false;           // a message was over kMaxMessage
};

// A call that is under way, as its session tells of it. Must not call the session from within.
class RpcCall {
 public:
  RpcCall() = default;
  RpcCall(const RpcCall&) = delete;
  RpcCall& operator=(const RpcCall&) = delete;

  // A message of the reply; they come in order.
  virtual void take(std::string_view message) = 0;
  // Is called once, if the call isn't dropped before: nothing more comes.
  virtual void end(RpcEnd end) = 0;

 protected:
  ~RpcCall() = default;
};

// Many calls at once. Whatever a server sends, what is held is bounded: by the longest message for
// each call, and a megabyte besides. Used by one thread.
class RpcSession {
 public:
  using StreamId = std::int32_t;

  static constexpr std::size_t kMaxMessage = std::size_t{16} << 20U;
  static constexpr std::size_t kMaxOutput = 65536;

  struct Start {
    std::string path;  // "/package.Service/Method"
    std::string message;
    bool more = false;  // send() will give more messages
    std::vector<std::pair<std::string, std::string>> metadata;
  };

  // `authority` is the server's name, with its port.
  RpcSession(std::string authority, bool tls);
  ~RpcSession();
  RpcSession(const RpcSession&) = delete;
  RpcSession& operator=(const RpcSession&) = delete;

  // Begins a call, or ends it at once when that can't be, and returns 0. It must live until it has
  // ended or is dropped.
  StreamId start(const Start& start, RpcCall& call);

  // Sends one more message on a call that was started with `more`. Nothing is sent when the call
  // has ended, or the server takes in nothing.
  void send(StreamId stream, std::string_view message);

  // Cancels a call, which isn't told of anything any more. Does nothing if it has ended.
  void drop(StreamId stream);

  // The bytes to send next, kMaxOutput and a frame at most; empty if there are none now.
  std::string output();

  // Takes in what was received.
  void take(std::string_view received);

  // Whether the server speaks HTTP/2: it has sent its settings.
  bool is_open() const { return open_; }

  // Why there can't be calls any more; empty as long as there can. All have ended then.
  const std::string& fault() const { return fault_; }

  // Ends all calls, as the connection has.
  void close(const std::string& why);

 private:
  struct Callbacks;  // by nghttp2
  struct Stream {
    explicit Stream(RpcCall& its_call, bool has_more) : call(&its_call), more(has_more) {}

    RpcCall* call;  // nullptr: it has ended, and nghttp2 is still to close the stream
    bool more;
    std::string unsent;
    std::size_t sent = 0;  // of `unsent`
    ReplyHead head;
    MessageParts parts{kMaxMessage};
  };

  Stream* find(StreamId id);
  void take_body(StreamId id, Stream& stream, std::string_view part);
  void take_goaway(const nghttp2_goaway& goaway);
  void conclude(StreamId id, Stream& stream);
  static RpcEnd end_of(const Stream& stream);
  void cut(StreamId id, Stream& stream, RpcEnd end);
  static void tell(Stream& stream, RpcEnd end);
  void forget(StreamId id, const std::string& why);
  static std::size_t fill(Stream& stream, std::uint8_t* space, std::size_t size);

  std::string authority_;
  bool tls_;
  Http2Session session_;
  Http2Opening opening_;
  std::map<StreamId, Stream> streams_;
  bool open_ = false;
  std::string leaving_;  // why the server takes no more calls
  std::string fault_;
};

}  // namespace hlb::rpc
