// How a backend is to be checked, as the operator asked for it. Plain data, one struct per type of
// check; hlbd.toml(5) says what each key means.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "text/address.h"

namespace hlb {

struct TlsSpec {
  bool verify = true;       // the chain, and the certificate's name against server_name
  std::string server_name;  // a hostname, sent as SNI and verified, or an address, verified alone
  std::string ca;           // PEM file of trusted certificates; empty: the system's
  std::string certificate;  // PEM file of the client's own certificate chain; empty: none
  std::string key;          // PEM file of its key; set if and only if `certificate` is

  friend bool operator==(const TlsSpec&, const TlsSpec&) = default;
};

// Of a conversation with a backend.
struct Step {
  enum class Kind : std::uint8_t {
    send,
    expect,  // what the backend sends must contain the bytes
  };

  Kind kind = Kind::send;
  std::string bytes;  // never empty

  friend bool operator==(const Step&, const Step&) = default;
};

// A connection that is taken passes, if nothing is to be said.
struct TcpCheck {
  std::vector<Step> steps;

  friend bool operator==(const TcpCheck&, const TcpCheck&) = default;
};

struct StatusRange {
  std::uint16_t first = 200;
  std::uint16_t last = 399;  // inclusive

  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

struct BodyPattern {
  std::string text;       // empty: any body passes, and none is read
  bool is_regex = false;  // RE2's syntax; else a substring

  friend bool operator==(const BodyPattern&, const BodyPattern&) = default;
};

struct HttpCheck {
  std::string method = "GET";
  std::string path = "/";
  std::string host;  // the Host header; the service's name unless configured
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<StatusRange> expect_status = {StatusRange{}};
  std::vector<StatusRange> drain_status;  // pass too, and ask to be drained; none in expect_status
  BodyPattern expect_body;
  bool reuse = false;          // keep the connection from probe to probe
  std::optional<TlsSpec> tls;  // set for https

  friend bool operator==(const HttpCheck&, const HttpCheck&) = default;
};

struct TlsCheck {
  TlsSpec tls;
  std::chrono::milliseconds min_validity{0};  // the certificate must be valid for so long from now
  bool fail_early = false;  // below min_validity: true fails, false passes with a warning
  std::vector<Step> steps;  // once hands are shaken

  friend bool operator==(const TlsCheck&, const TlsCheck&) = default;
};

struct GrpcCheck {
  std::string service;         // of HealthCheckRequest; empty: the server as a whole
  std::string authority;       // the service's name unless configured
  std::optional<TlsSpec> tls;  // unset: h2c with prior knowledge

  friend bool operator==(const GrpcCheck&, const GrpcCheck&) = default;
};

struct IcmpCheck {
  friend bool operator==(const IcmpCheck&, const IcmpCheck&) = default;
};

struct ExecCheck {
  std::vector<std::string> command;  // never empty; the program's absolute path, then its arguments
  std::string user{};                // who runs it when hlbd is root; "nobody" unless configured
  int warning_status = 0;            // an exit status that passes with a warning; 0: none does

  friend bool operator==(const ExecCheck&, const ExecCheck&) = default;
};

// A file that another program writes says of each backend whether it is up, drained, and what
// weight it has. Its rise and fall are 1 unless configured, as its word is not doubted.
struct FileCheck {
  std::string path;                      // absolute
  std::chrono::milliseconds max_age{0};  // 0: never too old
  bool fails_when_old = false;           // a file that is too old: true fails, false says nothing

  friend bool operator==(const FileCheck&, const FileCheck&) = default;
};

struct NoneCheck {
  friend bool operator==(const NoneCheck&, const NoneCheck&) = default;
};

// HAProxy's agent-check: the backend's own word on its state and weight. Only what it says counts:
// an agent that can't be reached says nothing. Its rise and fall are 1, as its word is not doubted.
struct AgentCheck {
  std::string send;  // bytes sent once connected; empty: none

  friend bool operator==(const AgentCheck&, const AgentCheck&) = default;
};

using CheckMethod = std::variant<NoneCheck, TcpCheck, HttpCheck, TlsCheck, GrpcCheck, IcmpCheck,
                                 ExecCheck, FileCheck, AgentCheck>;

// The way that probes take, where it isn't the one that programs of this host take.
struct Way {
  std::optional<Address> source;  // from this address of this host, to backends of its family
  std::string interface;          // through this one, or this VRF; empty: as routes say
  std::string netns;              // in this network namespace, by its path; empty: in hlbd's own

  friend auto operator<=>(const Way&, const Way&) = default;
};

struct CheckSpec {
  CheckMethod method;
  std::uint16_t port = 0;  // 0: every backend names its own, or the method needs none
  std::uint8_t proxy = 0;  // version of the PROXY protocol that connections begin with; 0: none
  std::optional<Address> address{};  // asked in place of the backend's own
  Way way{};
  std::chrono::milliseconds interval{2000};
  std::chrono::milliseconds timeout{1000};
  std::chrono::milliseconds fast_interval{0};  // while a change is pending; 0: by the interval
  std::chrono::milliseconds down_interval{0};  // while the backend is down; 0: the interval
  std::chrono::milliseconds max_latency{0};    // a slower pass is a failure; 0: none is too slow
  unsigned rise = 2;
  unsigned fall = 2;
  unsigned max_flaps = 6;  // changes in a minute beyond which coming back is made harder; 0: never
  bool suspect = true;     // a first failure makes a suspect of a backend: see BackendVerdict

  friend bool operator==(const CheckSpec&, const CheckSpec&) = default;
};

// Whether the method asks at a port of the backend.
inline bool needs_port(const CheckMethod& method) {
  return !std::holds_alternative<NoneCheck>(method) && !std::holds_alternative<IcmpCheck>(method) &&
         !std::holds_alternative<ExecCheck>(method) && !std::holds_alternative<FileCheck>(method);
}

// What the types of checks are called in the configuration, and towards people and programs: in the
// order of the methods, then https, which is http with TLS.
inline constexpr std::array<std::string_view, 10> kCheckTypes = {
    "none", "tcp", "http", "tls", "grpc", "icmp", "exec", "file", "agent", "https"};
static_assert(kCheckTypes.size() == std::variant_size_v<CheckMethod> + 1);

// The place of the method's type in kCheckTypes.
inline std::size_t type_of(const CheckMethod& method) {
  const auto* http = std::get_if<HttpCheck>(&method);
  return http != nullptr && http->tls ? kCheckTypes.size() - 1 : method.index();
}

inline std::string_view name_of(const CheckMethod& method) {
  return kCheckTypes.at(type_of(method));
}

}  // namespace hlb
