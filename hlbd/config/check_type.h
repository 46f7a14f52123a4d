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

// Each function reads the keys of its type into `check`, and sets its method. It asks for the same
// keys whatever the table holds, and so tells which keys the type has.
void read_tcp(const CheckTable& table, CheckSpec& check);
void read_http(const CheckTable& table, CheckSpec& check);
void read_https(const CheckTable& table, CheckSpec& check);
void read_tls(const CheckTable& table, CheckSpec& check);
void read_grpc(const CheckTable& table, CheckSpec& check);
void read_icmp(const CheckTable& table, CheckSpec& check);
void read_exec(const CheckTable& table, CheckSpec& check);
void read_file(const CheckTable& table, CheckSpec& check);
void read_none(const CheckTable& table, CheckSpec& check);

// Read the keys of every check. limit_timeout() notes a timeout that exceeds the interval, and is
// to be called when neither key had a fault.
void read_interval_and_timeout(const CheckTable& table, CheckSpec& check);
void limit_timeout(const CheckTable& table, const CheckSpec& check);

// Reads the key of checks that ask at a port, or are told of one.
void read_port(const CheckTable& table, CheckSpec& check);

// Reads the keys of checks that ask over the network: at which address, and by which way.
void read_way(const CheckTable& table, CheckSpec& check);

// Reads the keys of checks that connect: the port, what is sent ahead of all else, and the way.
void read_connection(const CheckTable& table, CheckSpec& check);

// Reads bytes to be sent or expected: text as it stands, or { hex = "…" }, up to 1024 bytes.
// nullopt if the key is absent or its value has a fault.
std::optional<std::string> read_bytes(const CheckTable& table, std::string_view key);

// Appends the steps of checks that hold a conversation: the key "steps".
void read_steps(const CheckTable& table, std::vector<Step>& into);

// Reads the keys of checks over TLS; or those of them that name files, of any table.
void read_tls_keys(const CheckTable& table, TlsSpec& tls);
void read_tls_files(const CheckTable& table, TlsSpec& tls);

// Reads what a response must be like, and may mean: expect_status, drain_status and expect_body.
void read_expectations(const CheckTable& table, HttpCheck& http);

}  // namespace hlb::config
