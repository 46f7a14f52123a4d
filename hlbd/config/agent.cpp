#include "config/agent.h"

#include <utility>

#include "config/check_type.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::string_view kAgentExample = "{ port = 9777 }";

}  // namespace

CheckSpec read_agent(const Value& agent, const std::string& service, Faults& faults) {
  CheckSpec check;
  // Its word is taken at once, however often it changes.
  check.rise = 1;
  check.fall = 1;
  check.max_flaps = 0;
  if (agent.as_table() == nullptr) {
    faults.add(agent.at, text::must_be("agent", "a table such as " + std::string(kAgentExample),
                                       kind_of(agent)));
    return check;
  }
  TableReader keys(agent, "\"agent\"", faults);
  const CheckTable table{keys, service, faults};
  keys.require("port", "add port = 9777");
  read_port(table, check);
  read_way(table, check);
  const std::size_t faults_before = faults.count();
  read_interval_and_timeout(table, check);
  if (faults.count() == faults_before) limit_timeout(table, check);
  AgentCheck method;
  method.send = read_bytes(table, "send").value_or("");
  check.method = std::move(method);
  keys.reject_unknown();
  return check;
}

}  // namespace hlb::config
