// DNS messages, and a server on loopback that answers as a test wants.
#pragma once

#include <arpa/nameser.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/loopback.h"
#include "text/address.h"

namespace hlb::discovery {

namespace asio = boost::asio;

using probes::kPlenty;
using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t kHeaderSize = 12;

inline void append_number(Bytes& bytes, std::uint32_t number, int size) {
  for (int i = size - 1; i >= 0; --i)
    bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

// "a.b" as it stands in a message, uncompressed.
inline Bytes wire_name(std::string_view name) {
  Bytes bytes;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    bytes.push_back(static_cast<std::uint8_t>(label.size()));
    bytes.insert(bytes.end(), label.begin(), label.end());
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  bytes.push_back(0);
  return bytes;
}

inline Bytes query(std::string_view name, int type) {
  Bytes bytes = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
  const Bytes wire = wire_name(name);
  bytes.insert(bytes.end(), wire.begin(), wire.end());
  append_number(bytes, static_cast<std::uint32_t>(type), 2);
  append_number(bytes, ns_c_in, 2);
  return bytes;
}

struct Query {
  std::string name;
  int type = 0;
};

inline Query parse_query(const Bytes& message) {
  Query query;
  std::size_t at = kHeaderSize;
  while (message.at(at) != 0) {
    if (!query.name.empty()) query.name += '.';
    const auto label = message.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    query.name.append(label, label + message[at]);
    at += message[at] + 1U;
  }
  query.type = message.at(at + 1) << 8 | message.at(at + 2);
  return query;
}

// The reply to a query, to which records can be added.
class Reply {
 public:
  explicit Reply(const Bytes& query, int code = ns_r_noerror)
      : bytes_(query.begin(),
               query.begin() + static_cast<std::ptrdiff_t>(kHeaderSize + question_size(query))) {
    bytes_[2] = 0x81;  // a reply, recursion desired
    bytes_[3] = static_cast<std::uint8_t>(0x80 | code);
    std::fill(bytes_.begin() + 6, bytes_.begin() + kHeaderSize, std::uint8_t{0});
  }

  Reply& add(int type, std::uint32_t ttl, const Bytes& data) {
    append_number(bytes_, 0xc000 | kHeaderSize, 2);  // the name in the question
    append_number(bytes_, static_cast<std::uint32_t>(type), 2);
    append_number(bytes_, ns_c_in, 2);
    append_number(bytes_, ttl, 4);
    append_number(bytes_, static_cast<std::uint32_t>(data.size()), 2);
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    bytes_[7] = static_cast<std::uint8_t>(bytes_[7] + 1);
    if (bytes_[7] == 0) ++bytes_[6];
    return *this;
  }

  Reply& address(std::uint32_t ttl, std::string_view text) {
    const Address address = Address::parse(text).value();
    const bool ipv4 = address.family == Address::Family::ipv4;
    const auto end = address.bytes.begin() + (ipv4 ? 4 : 16);
    return add(ipv4 ? ns_t_a : ns_t_aaaa, ttl, Bytes(address.bytes.begin(), end));
  }

  Reply& srv(std::uint32_t ttl, std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
             const Bytes& target) {
    Bytes data;
    for (const std::uint16_t number : {priority, weight, port})
      append_number(data, number, 2);
    data.insert(data.end(), target.begin(), target.end());
    return add(ns_t_srv, ttl, data);
  }

  Reply& truncated() {
    bytes_[2] |= 0x02;
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  static std::size_t question_size(const Bytes& query) {
    const auto name = query.begin() + kHeaderSize;
    return static_cast<std::size_t>(std::find(name, query.end(), 0) - name) + 5;
  }

  Bytes bytes_;
};

// Over UDP and TCP, in the loop of the test itself.
class NameServer {
 public:
  // What it says to the query; nullopt: nothing.
  using Answering = std::function<std::optional<Bytes>(const Bytes& query, bool over_tcp)>;

  // `port` 0: any that is free.
  NameServer(asio::io_context& loop, Answering answering, std::string_view address = "127.0.0.1",
             std::uint16_t port = 0)
      : answering_(std::move(answering)),
        acceptor_(loop, {asio::ip::make_address(address), port}),
        socket_(loop, asio::ip::udp::endpoint(asio::ip::make_address(address), this->port())) {
    receive();
    accept();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  // How often it was asked for that.
  int asked(const std::string& name, int type) const {
    const auto found = asked_.find({name, type});
    return found == asked_.end() ? 0 : found->second;
  }
  int asked() const { return all_; }

 private:
  struct Connection {
    explicit Connection(asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    asio::ip::tcp::socket socket;
    Bytes message = Bytes(2);
  };

  std::optional<Bytes> answer(const Bytes& message, bool over_tcp) {
    const Query query = parse_query(message);
    ++asked_[{query.name, query.type}];
    ++all_;
    return answering_(message, over_tcp);
  }

  void receive() {
    buffer_.resize(4096);
    socket_.async_receive_from(asio::buffer(buffer_), client_,
                               [this](boost::system::error_code error, std::size_t size) {
                                 if (error == asio::error::operation_aborted) return;
                                 if (!error) {
                                   buffer_.resize(size);
                                   boost::system::error_code ignored;
                                   if (const auto reply = answer(buffer_, false))
                                     socket_.send_to(asio::buffer(*reply), client_, 0, ignored);
                                 }
                                 receive();
                               });
  }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
      if (error) return;
      serve(std::make_shared<Connection>(std::move(socket)));
      accept();
    });
  }

  // One query, then the end.
  void serve(const std::shared_ptr<Connection>& connection) {
    Bytes& message = connection->message;
    asio::async_read(connection->socket, asio::buffer(message),
                     [this, connection](boost::system::error_code error, std::size_t) {
                       if (error) return;
                       Bytes& size = connection->message;
                       size.resize(static_cast<std::size_t>(size[0] << 8 | size[1]));
                       serve_query(connection);
                     });
  }

  void serve_query(const std::shared_ptr<Connection>& connection) {
    asio::async_read(connection->socket, asio::buffer(connection->message),
                     [this, connection](boost::system::error_code error, std::size_t) {
                       const auto reply = error ? std::nullopt : answer(connection->message, true);
                       if (!reply) return;
                       Bytes& framed = connection->message;
                       framed.clear();
                       append_number(framed, static_cast<std::uint32_t>(reply->size()), 2);
                       framed.insert(framed.end(), reply->begin(), reply->end());
                       asio::async_write(connection->socket, asio::buffer(framed),
                                         [connection](boost::system::error_code, std::size_t) {});
                     });
  }

  Answering answering_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::udp::socket socket_;
  asio::ip::udp::endpoint client_;
  Bytes buffer_;
  std::map<std::pair<std::string, int>, int> asked_;
  int all_ = 0;
};

// A resolv.conf of its own for each test.
class ResolvConf {
 public:
  explicit ResolvConf(const std::string& server) {
    static int number = 0;
    path_ = "/tmp/hlb-resolv-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    name_server(server);
  }
  ~ResolvConf() { std::remove(path_.c_str()); }
  ResolvConf(const ResolvConf&) = delete;
  ResolvConf& operator=(const ResolvConf&) = delete;

  // Replaces the file.
  void name_server(const std::string& server) {
    std::ofstream(path_ + ".new") << "nameserver " << server << "\n";
    std::rename((path_ + ".new").c_str(), path_.c_str());
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace hlb::discovery
