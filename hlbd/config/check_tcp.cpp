// Checks of type = "tcp".

#include <utility>

#include "config/check_type.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

// "send" and "expect" are a conversation of two steps.
void read_short_form(const CheckTable& table, TcpCheck& tcp) {
  const auto send = read_bytes(table, "send");
  if (send && !send->empty()) tcp.steps.push_back({Step::Kind::send, *send});
  const auto expect = read_bytes(table, "expect");
  if (!expect) return;
  if (expect->empty()) {
    return table.faults.add(table.keys.find("expect")->at,
                            "\"expect\" is empty; leave it out to expect nothing");
  }
  tcp.steps.push_back({Step::Kind::expect, *expect});
}

void refuse_beside_steps(const CheckTable& table, std::string_view key) {
  const Value* value = table.keys.find(key);
  if (value == nullptr || table.keys.find("steps") == nullptr) return;
  table.faults.add(value->at, text::in_quotes(key) +
                                  " stands beside \"steps\", which say all; make it one of them");
}

}  // namespace

void read_tcp(const CheckTable& table, CheckSpec& check) {
  read_connection(table, check);
  TcpCheck tcp;
  read_short_form(table, tcp);
  read_steps(table, tcp.steps);
  refuse_beside_steps(table, "send");
  refuse_beside_steps(table, "expect");
  check.method = std::move(tcp);
}

}  // namespace hlb::config
