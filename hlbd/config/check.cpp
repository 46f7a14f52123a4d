#include "config/check.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "config/wording.h"

namespace hlb::config {

using namespace std::chrono_literals;

namespace {

enum class Type : std::uint8_t { tcp, http };

constexpr std::array<Choice<Type>, 2> kTypes = {{
    {"tcp", Type::tcp},
    {"http", Type::http},
}};
constexpr DurationRange kInterval = {10ms, 1h};
constexpr unsigned kMaxInARow = 100;

// What may stand in a request line or a header without quoting: neither can then be split.
bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

void read_path(TableReader& table, HttpCheck& check, Faults& faults) {
  const Value* value = table.find("path");
  const std::string* path = table.text("path");
  if (path == nullptr) return;
  if (!path->starts_with('/')) {
    return faults.add(value->at, R"("path" must start with "/", not be )" + in_quotes(*path));
  }
  if (!std::ranges::all_of(*path, is_visible)) {
    return faults.add(value->at,
                      "\"path\" must have no spaces, control or non-ASCII characters; "
                      "write them as %20 and the like");
  }
  check.path = *path;
}

void read_host(TableReader& table, HttpCheck& check, Faults& faults) {
  const Value* value = table.find("host");
  const std::string* host = table.text("host");
  if (host == nullptr) return;
  if (host->empty()) {
    return faults.add(value->at, "\"host\" is empty; leave it out for the service's name");
  }
  if (!std::ranges::all_of(*host, is_visible)) {
    return faults.add(value->at,
                      "\"host\" must have no spaces, control or non-ASCII characters; remove them");
  }
  check.host = *host;
}

void refuse_http_keys(const Value& check, Faults& faults) {
  for (const Entry& entry : *check.as_table()) {
    if (entry.key != "path" && entry.key != "host") continue;
    faults.add(entry.at, in_quotes(entry.key) +
                             " is for type = \"http\" alone; remove it or change the type");
  }
}

}  // namespace

PlacedCheck read_check(const Value& check, Faults& faults) {
  PlacedCheck result;
  if (check.as_table() == nullptr) {
    faults.add(
        check.at,
        std::string("\"check\" must be one table, [service.check], not ").append(kind_of(check)));
    return {.spec = {}, .names_port = true};
  }
  TableReader table(check, "[service.check]", faults);
  // A type that is absent or has a fault says nothing against the keys of any type.
  CheckSpec& spec = result.spec;
  Type type = Type::http;
  table.require("type", R"(add type = "tcp" or type = "http")");
  table.choice("type", kTypes, type);
  result.names_port = table.find("port") != nullptr;
  table.integer("port", 1, std::numeric_limits<std::uint16_t>::max(), spec.port);
  HttpCheck http;
  read_path(table, http, faults);
  read_host(table, http, faults);
  if (type == Type::http) {
    spec.method = std::move(http);
  } else {
    spec.method = TcpCheck{};
  }
  table.duration("interval", kInterval, spec.interval);
  table.duration("timeout", kInterval, spec.timeout);
  table.integer("rise", 1, kMaxInARow, spec.rise);
  table.integer("fall", 1, kMaxInARow, spec.fall);
  table.reject_unknown();
  if (type == Type::tcp) refuse_http_keys(check, faults);
  return result;
}

}  // namespace hlb::config
