// TLS between a connection and whoever speaks over it, as bytes in and out. No socket, no clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tls/reason.h"
#include "tls/settings.h"

struct ssl_st;  // OpenSSL's, known where TLS is spoken alone

namespace hlb::tls {

// A client's side. Both directions go on side by side. What is held is bounded by what is given and
// received at a time, and a record besides. Used by one thread.
class TlsLayer {
 public:
  // `settings` were prepared by prepare(). The server's certificate must be of `server_name`.
  TlsLayer(const TlsSettings& settings, std::string server_name, std::string_view protocol);
  ~TlsLayer();
  TlsLayer(const TlsLayer&) = delete;
  TlsLayer& operator=(const TlsLayer&) = delete;

  // Takes in what was received, and appends what the server says to `plain`. After a fault, which
  // may come after some of it, nothing is taken any more.
  void take(std::string_view received, std::string& plain);

  // Takes what is to be said; what is said before the handshake is done waits for that.
  void give(std::string_view plain);

  // The bytes to send next, an alert after a fault; empty if there are none now.
  std::string output();

  // The server has ended what it says.
  bool closed() const { return closed_; }
  // nullopt: none.
  const std::optional<TlsFault>& fault() const { return fault_; }

  static void prepare(ssl_ctx_st& settings);

 private:
  struct Free {
    void operator()(ssl_st* tls) const;
  };
  struct Callbacks;

  void shake_hands();
  void read(std::string& plain);
  void write();
  void fail();
  bool goes_on(int result);

  std::string server_name_;
  std::unique_ptr<ssl_st, Free> tls_;  // nullptr: there is a fault from the start
  std::string unsaid_;                 // before the handshake
  std::string rejection_;              // of the server's certificate
  bool certificate_given_ = false;
  bool certificate_asked_for_ = false;
  bool begun_ = false;  // something was received
  bool closed_ = false;
  std::optional<TlsFault> fault_;
};

}  // namespace hlb::tls
