// Checks of type = "exec".

#include <utility>

#include "config/check_type.h"
#include "config/program.h"

namespace hlb::config {

namespace {

constexpr int kMaxStatus = 255;
constexpr std::string_view kCommandExample = R"(["/usr/local/bin/check-app", "--quick"])";

void require_command(const CheckTable& table, ExecCheck& exec) {
  const Value* value =
      table.keys.require("command", "add command = " + std::string(kCommandExample));
  exec.command = read_command(table.keys, "command", kCommandExample, table.faults);
  const Value::Array* words = value == nullptr ? nullptr : value->as_array();
  if (words != nullptr && words->empty()) {
    table.faults.add(value->at, "\"command\" is empty; give a program's absolute path");
  }
}

}  // namespace

void read_exec(const CheckTable& table, CheckSpec& check) {
  read_port(table, check);
  ExecCheck exec;
  exec.user = "nobody";
  require_command(table, exec);
  read_user(table.keys, "user", table.faults, exec.user);
  table.keys.integer("warning_status", 1, kMaxStatus, exec.warning_status);
  check.method = std::move(exec);
}

}  // namespace hlb::config
