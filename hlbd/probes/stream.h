// A stream that a conversation with a backend is held over: a plain connection, or TLS over one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <span>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

class Stream {
 public:
  struct Read {
    boost::system::error_code error;  // asio::error::eof when the backend closed
    std::size_t count = 0;
  };

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Writes all of `bytes`, unless there is an error.
  virtual boost::asio::awaitable<boost::system::error_code> write(std::string_view bytes) = 0;
  virtual boost::asio::awaitable<Read> read_some(std::span<char> space) = 0;

  // The outcome of an operation that ended with `error`: after the deadline, a soft failure that
  // says `silence` and the timeout, "no connection in" + " 1s".
  virtual Outcome failure(const boost::system::error_code& error,
                          std::string_view silence) const = 0;

 protected:
  ~Stream() = default;
};

}  // namespace hlb::probes
