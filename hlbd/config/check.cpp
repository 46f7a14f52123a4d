#include "config/check.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "config/check_type.h"
#include "config/service.h"
#include "text/duration.h"
#include "text/wording.h"

namespace hlb::config {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

using TypeReader = void (*)(const CheckTable&, CheckSpec&);

constexpr std::array<NamedValue<TypeReader>, 9> kTypes = {{
    {"tcp", read_tcp},
    {"http", read_http},
    {"https", read_https},
    {"tls", read_tls},
    {"grpc", read_grpc},
    {"icmp", read_icmp},
    {"exec", read_exec},
    {"file", read_file},
    {"none", read_none},
}};
constexpr DurationRange kInterval = {10ms, 1h};
constexpr DurationRange kLatency = {1ms, 1h};
constexpr unsigned kMaxInARow = 100;
constexpr unsigned kMaxFlaps = 1000;
constexpr unsigned kLatestProxy = 2;
constexpr std::string_view kAgentExample = "{ port = 9777 }";

// ---- the keys that every type has --------------------------------------------------------------

// Notes a fault if the duration of `key` is configured and exceeds `most`; `fault` says why it
// can't.
void limit(const CheckTable& table, std::string_view key, milliseconds duration, milliseconds most,
           std::string_view fault) {
  const Value* value = table.keys.find(key);
  if (value == nullptr || duration <= most) return;
  table.faults.add(value->at, text::in_quotes(key)
                                  .append(" ")
                                  .append(fault)
                                  .append("; give a ")
                                  .append(key)
                                  .append(" of at most ")
                                  .append(text::in_quotes(text::to_string(most))));
}

void read_durations(const CheckTable& table, CheckSpec& check) {
  const std::size_t faults_before = table.faults.count();
  read_interval_and_timeout(table, check);
  table.keys.duration("fast_interval", kInterval, check.fast_interval);
  table.keys.duration("down_interval", kInterval, check.down_interval);
  table.keys.duration("max_latency", kLatency, check.max_latency);
  // A duration that wasn't understood makes it unknown whether another is too long.
  if (table.faults.count() != faults_before) return;
  limit_timeout(table, check);
  limit(table, "fast_interval", check.fast_interval, check.interval, "is longer than the interval");
  limit(table, "max_latency", check.max_latency, check.timeout,
        "is never reached, since a check ends at its timeout");
}

void read_thresholds(TableReader& keys, CheckSpec& check) {
  keys.integer("rise", 1, kMaxInARow, check.rise);
  keys.integer("fall", 1, kMaxInARow, check.fall);
  keys.integer("max_flaps", 0, kMaxFlaps, check.max_flaps);
  keys.boolean("suspect", check.suspect);
}

// ---- the keys of types -------------------------------------------------------------------------

std::vector<std::string_view> all_types() {
  std::vector<std::string_view> words;
  words.reserve(kTypes.size());
  for (const auto& type : kTypes)
    words.push_back(type.word);
  return words;
}

// The keys that a type's reader asks for, found by having it read an empty table.
std::vector<std::string_view> keys_of(TypeReader type) {
  const Value nothing{{}, Value::Table{}};
  const std::string no_name;
  Faults ignored("");
  TableReader keys(nothing, "", ignored);
  CheckSpec check;
  type({keys, no_name, ignored}, check);
  return keys.known();
}

std::vector<std::string_view> types_with(std::string_view key) {
  std::vector<std::string_view> words;
  for (const auto& type : kTypes) {
    const auto keys = keys_of(type.value);
    if (std::ranges::find(keys, key) != keys.end()) words.push_back(type.word);
  }
  return words;
}

// What is wrong with a key that only other types have; else empty.
std::string fault_of_others_key(std::string_view key) {
  const auto types = types_with(key);
  if (types.empty()) return "";
  return text::in_quotes(key) + " is for type = " + text::either(types) +
         " alone; remove it or change the type";
}

// What is wrong with a service's key in one of its tables; else empty.
std::string fault_of_services_key(std::string_view key, std::string_view table) {
  if (!is_key_of_services(key)) return "";
  return text::in_quotes(key) + " is a key of the service; move it above " + std::string(table);
}

// Keeps all keys of all types from being unknown: without a known type none is wrong.
void allow_every_key(TableReader& keys) {
  for (const auto& type : kTypes) {
    for (const std::string_view key : keys_of(type.value))
      keys.find(key);
  }
}

// ---- a check -----------------------------------------------------------------------------------

PlacedCheck read_check(const Value& value, std::string_view name, const std::string& service,
                       Faults& faults) {
  PlacedCheck check{.spec = {}, .table = name};
  TableReader keys(value, name, faults);
  const CheckTable table{keys, service, faults};
  TypeReader read_type = nullptr;
  keys.require("type", "add type = " + text::either(all_types()));
  keys.choice("type", kTypes, read_type);
  if (read_type != nullptr) {
    read_type(table, check.spec);
  } else {
    allow_every_key(keys);
  }
  read_durations(table, check.spec);
  read_thresholds(keys, check.spec);
  keys.reject_unknown([name](std::string_view key) {
    const std::string fault = fault_of_others_key(key);
    return fault.empty() ? fault_of_services_key(key, name) : fault;
  });
  check.lacks_port = read_type != nullptr && needs_port(check.spec.method) &&
                     keys.find("port") == nullptr && !keys.is_misspelt("port");
  return check;
}

// Reads the tables [[service.check]] of a service.
class ChecksReader {
 public:
  ChecksReader(const std::string& service, Faults& faults) : service_(service), faults_(faults) {}

  void read(const Value& value) {
    if (value.as_table() == nullptr) {
      return faults_.add(value.at,
                         std::string("a check must be a table written [[service.check]], not ")
                             .append(kind_of(value)));
    }
    const std::size_t faults_before = faults_.count();
    PlacedCheck check = read_check(value, "[[service.check]]", service_, faults_);
    // A check with a fault may not be what was meant, so it isn't compared.
    if (faults_.count() == faults_before) refuse_twin(check.spec, value.at);
    checks_.push_back(std::move(check));
  }

  std::vector<PlacedCheck> take() { return std::move(checks_); }

 private:
  void refuse_twin(const CheckSpec& check, Position at) {
    const auto first = std::ranges::find(sound_, check, &Sound::spec);
    if (first == sound_.end()) return sound_.push_back({check, at});
    faults_.add(at, "this check says the same as the one at " + faults_.place(first->at) +
                        "; remove one of them");
  }

  struct Sound {
    CheckSpec spec;
    Position at;
  };

  const std::string& service_;
  Faults& faults_;
  std::vector<PlacedCheck> checks_;
  std::vector<Sound> sound_;
};

}  // namespace

std::vector<PlacedCheck> read_checks(const Value& checks, const std::string& service,
                                     Faults& faults) {
  if (checks.as_table() != nullptr) return {read_check(checks, "[service.check]", service, faults)};
  const Value::Array* array = checks.as_array();
  if (array == nullptr) {
    faults.add(checks.at,
               text::must_be("check", "a table, [service.check], or several, [[service.check]]",
                             kind_of(checks)));
    return {};
  }
  if (array->empty()) faults.add(checks.at, "\"check\" is empty; give one check at least");
  if (array->size() > kMaxChecks) {
    faults.add(checks.at, "\"check\" has " + std::to_string(array->size()) + " entries; at most " +
                              std::to_string(kMaxChecks) + " are possible in one service");
    return {};
  }
  ChecksReader reader(service, faults);
  std::ranges::for_each(*array, [&](const Value& value) { reader.read(value); });
  return reader.take();
}

bool is_key_of_checks(std::string_view key) {
  static const std::vector<std::string_view> all =
      keys_of([](const CheckTable& table, CheckSpec& check) {
        table.keys.find("type");
        allow_every_key(table.keys);
        read_durations(table, check);
        read_thresholds(table.keys, check);
      });
  return std::ranges::find(all, key) != all.end();
}

CheckSpec read_agent(const Value& agent, const std::string& service, Faults& faults) {
  CheckSpec check;
  // An agent's word is taken at once, however often it changes.
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
  keys.reject_unknown(
      [](std::string_view key) { return fault_of_services_key(key, "[service.agent]"); });
  return check;
}

void read_interval_and_timeout(const CheckTable& table, CheckSpec& check) {
  table.keys.duration("interval", kInterval, check.interval);
  // The default yields to a short interval, which is no fault for want of a timeout.
  check.timeout = std::min(check.timeout, check.interval);
  table.keys.duration("timeout", kInterval, check.timeout);
}

void limit_timeout(const CheckTable& table, const CheckSpec& check) {
  limit(table, "timeout", check.timeout, check.interval,
        "is too long: a check would still run when the next is due");
}

void read_port(const CheckTable& table, CheckSpec& check) {
  table.keys.integer("port", 1, std::numeric_limits<std::uint16_t>::max(), check.port);
}

void read_connection(const CheckTable& table, CheckSpec& check) {
  read_port(table, check);
  table.keys.integer("proxy", 1, kLatestProxy, check.proxy);
  read_way(table, check);
}

void read_none(const CheckTable& /*table*/, CheckSpec& check) {
  check.method = NoneCheck{};
}

}  // namespace hlb::config
