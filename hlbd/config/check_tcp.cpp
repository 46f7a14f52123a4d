// Checks of type = "tcp".

#include "config/check_type.h"
#include "config/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kMaxBytes = 1024;

}  // namespace

bool read_bytes(const CheckTable& table, std::string_view key, std::string& into) {
  const std::string* bytes = table.keys.text(key);
  if (bytes == nullptr) return false;
  if (bytes->size() > kMaxBytes) {
    table.faults.add(table.keys.find(key)->at,
                     in_quotes(key) + " has " + std::to_string(bytes->size()) + " bytes; at most " +
                         std::to_string(kMaxBytes) + " are possible");
    return false;
  }
  into = *bytes;
  return true;
}

void read_tcp(const CheckTable& table, CheckSpec& check) {
  read_port(table, check);
  TcpCheck tcp;
  read_bytes(table, "send", tcp.send);
  if (read_bytes(table, "expect", tcp.expect) && tcp.expect.empty()) {
    table.faults.add(table.keys.find("expect")->at,
                     "\"expect\" is empty; leave it out to expect nothing");
  }
  check.method = std::move(tcp);
}

}  // namespace hlb::config
