// The types of checks: one reader for each, in files by subject. check.cpp lists them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"
#include "health/check_spec.h"

namespace hlb::config {

// A check's table while it is read.
struct CheckTable {
  TableReader& keys;
  const std::string& service;  // its name, which is sent as host unless configured
  Faults& faults;
};

// Each reads the keys of its type into `check`, and sets its method. It asks for the same keys
// whatever the table holds: which ones these are says what other types don't have.
void read_tcp(const CheckTable& table, CheckSpec& check);
void read_http(const CheckTable& table, CheckSpec& check);
void read_https(const CheckTable& table, CheckSpec& check);
void read_tls(const CheckTable& table, CheckSpec& check);
void read_grpc(const CheckTable& table, CheckSpec& check);
void read_icmp(const CheckTable& table, CheckSpec& check);
void read_exec(const CheckTable& table, CheckSpec& check);
void read_file(const CheckTable& table, CheckSpec& check);
void read_none(const CheckTable& table, CheckSpec& check);

// What every check has. The second, for when neither key had a fault, notes a time-out that exceeds
// the interval.
void read_interval_and_timeout(const CheckTable& table, CheckSpec& check);
void limit_timeout(const CheckTable& table, const CheckSpec& check);

// For those that ask at a port, or are told of one.
void read_port(const CheckTable& table, CheckSpec& check);

// For those that ask over the network: where, and on which way.
void read_way(const CheckTable& table, CheckSpec& check);

// For those that connect: the port, what comes ahead of all else, and the way.
void read_connection(const CheckTable& table, CheckSpec& check);

// What is sent, or expected: text as it stands, or { hex = "…" }, up to 1024 bytes. nullopt if the
// key is absent or its value has a fault.
std::optional<std::string> read_bytes(const CheckTable& table, std::string_view key);

// The key of those that hold a conversation: "steps", which are appended.
void read_steps(const CheckTable& table, std::vector<Step>& into);

// Those of every check over TLS.
void read_tls_keys(const CheckTable& table, TlsSpec& tls);

// What a response must be like, and may mean: expect_status, drain_status and expect_body.
void read_expectations(const CheckTable& table, HttpCheck& http);

}  // namespace hlb::config
