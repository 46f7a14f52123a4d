#include "state/saved_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "health/state_name.h"

namespace hlb {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::int64_t kStatesVersion = 1;

// ---- encoding ----------------------------------------------------------------------------------

bool needs_no_escape(char byte) {
  return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

// As hostnames and addresses are; but the name of an interface, behind a link-local one, can be
// nearly any bytes.
std::string json_of(std::string_view text) {
  if (std::ranges::all_of(text, needs_no_escape)) return '"' + std::string(text) + '"';
  return json(text).dump(-1, ' ', true, json::error_handler_t::replace);
}

// ---- decoding ----------------------------------------------------------------------------------

// A value as far as it can be one of ours.
using Scalar = std::variant<std::monostate, std::int64_t, std::string>;

template <typename T>
void set(std::optional<T>& member, Scalar& value) {
  T* found = std::get_if<T>(&value);
  member = found == nullptr ? std::nullopt : std::optional(std::move(*found));
}

struct Head {
  std::optional<std::int64_t> version;
  std::optional<std::string> boot_id;
  std::optional<std::int64_t> boottime_ms;
  std::optional<std::int64_t> wall_ms;
};

struct Entry {
  std::optional<std::string> service;
  std::optional<std::string> address;
  std::optional<std::string> state;
  std::optional<std::int64_t> since_ms;
};

std::optional<State> state_named(std::string_view name) {
  if (name == name_of(State::up)) return State::up;
  if (name == name_of(State::down)) return State::down;
  return std::nullopt;
}

// Takes the document in as it is parsed, so that no more of it than the states is kept, whatever
// the bytes are. Each function returns whether to go on.
class Document : public json::json_sax_t {
 public:
  Head head;
  std::vector<SavedState> states;
  std::string fault;  // of what isn't as expected

  bool null() override { return value({}); }
  bool boolean(bool /*value*/) override { return value({}); }
  bool number_integer(number_integer_t number) override { return value(number); }
  bool number_unsigned(number_unsigned_t number) override {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    if (number > number_unsigned_t{kMost}) return value({});
    return value(static_cast<std::int64_t>(number));
  }
  bool number_float(number_float_t /*number*/, const string_t& /*text*/) override {
    return value({});
  }
  bool string(string_t& text) override { return value(std::move(text)); }
  bool binary(binary_t& /*bytes*/) override { return value({}); }

  bool key(string_t& text) override {
    key_ = std::move(text);
    return true;
  }
  bool start_object(std::size_t /*members*/) override {
    if (in_states_ && depth_ == kStates) entry_ = {};
    return deeper();
  }
  bool end_object() override {
    --depth_;
    return !in_states_ || depth_ != kStates || end_entry();
  }
  bool start_array(std::size_t /*values*/) override {
    if (in_states_ && depth_ == kStates) return fail("holds something else than states");
    if (depth_ == kRoot && key_ == "backends") in_states_ = found_states_ = true;
    return deeper();
  }
  bool end_array() override {
    --depth_;
    if (depth_ == kRoot) in_states_ = false;
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const json::exception& /*error*/) override {
    return fail("is no JSON, or only a part of it");
  }

  bool found_states() const { return found_states_; }

 private:
  // How many objects and arrays are around the members of the root, the states, and their members.
  static constexpr int kRoot = 1;
  static constexpr int kStates = 2;
  static constexpr int kMembers = 3;
  static constexpr int kMaxDepth = 16;  // of what a later hlbd may have to say

  bool fail(std::string_view reason) {
    fault = reason;
    return false;
  }

  bool deeper() { return ++depth_ <= kMaxDepth || fail("nests too deeply"); }

  bool value(Scalar value) {
    if (in_states_ && depth_ == kStates) return fail("holds something else than states");
    if (in_states_ && depth_ == kMembers) take_member(value);
    if (!in_states_ && depth_ == kRoot) take_head(value);
    return true;
  }

  void take_head(Scalar& value) {
    if (key_ == "version") set(head.version, value);
    if (key_ == "boot_id") set(head.boot_id, value);
    if (key_ == "boottime_ms") set(head.boottime_ms, value);
    if (key_ == "wall_ms") set(head.wall_ms, value);
  }

  void take_member(Scalar& value) {
    if (key_ == "service") set(entry_.service, value);
    if (key_ == "address") set(entry_.address, value);
    if (key_ == "state") set(entry_.state, value);
    if (key_ == "since_ms") set(entry_.since_ms, value);
  }

  bool end_entry() {
    if (!entry_.service || !entry_.address || !entry_.state || !entry_.since_ms) {
      return fail("holds something else than states");
    }
    const auto state = state_named(*entry_.state);
    if (!state) return fail("holds a state that is neither up nor down");
    if (const auto backend = Address::parse(*entry_.address)) {
      const WallTime since{milliseconds(*entry_.since_ms)};
      states.push_back({std::move(*entry_.service), *backend, *state, since});
    }
    return true;
  }

  std::string key_;
  Entry entry_;
  int depth_ = 0;
  bool in_states_ = false;
  bool found_states_ = false;
};

// Empty if the states are recent enough.
std::string fault_of_age(const Head& head, const Moment& now) {
  if (!head.boot_id || !head.boottime_ms || !head.wall_ms) return "doesn't say when it was written";
  const Moment then{*head.boot_id, milliseconds(*head.boottime_ms),
                    WallTime(milliseconds(*head.wall_ms))};
  const milliseconds age = time_between(then, now);
  if (age < milliseconds::zero()) return "is from the future";
  if (age <= kMaxStateAge) return "";
  return fmt::format("is {} s old, over {} s",
                     std::chrono::duration_cast<std::chrono::seconds>(age).count(),
                     kMaxStateAge.count());
}

std::string fault_of(const Document& document, const Moment& now) {
  const auto version = document.head.version;
  if (version && *version != kStatesVersion) {
    return fmt::format("is of version {}, not {}", *version, kStatesVersion);
  }
  if (!document.fault.empty()) return document.fault;
  if (!version || !document.found_states()) return "holds no states";
  return fault_of_age(document.head, now);
}

// How SavedStates are sorted.
std::tuple<std::string_view, Address> key_of(const SavedState& state) {
  return {state.service, state.backend};
}

}  // namespace

std::string StateEncoder::head(const Moment& now) {
  return fmt::format(
      R"({{"version":{},"boot_id":"{}","boottime_ms":{:15},"wall_ms":{:15},"backends":[)",
      kStatesVersion, now.boot_id, now.since_boot.count(), now.wall.time_since_epoch().count());
}

StateEncoder::StateEncoder(const Moment& now) : text_(head(now)) {}

void StateEncoder::add(std::string_view service, const Address& backend, State state,
                       WallTime since) {
  if (state == State::unknown) return;
  text_ += std::exchange(empty_, false) ? "\n" : ",\n";
  fmt::format_to(std::back_inserter(text_),
                 R"({{"service":{},"address":{},"state":"{}","since_ms":{}}})", json_of(service),
                 json_of(backend.to_string()), name_of(state), since.time_since_epoch().count());
}

std::string StateEncoder::finish() && {
  text_ += "\n]}\n";
  return std::move(text_);
}

SavedStates::SavedStates(std::vector<SavedState> states) : states_(std::move(states)) {
  std::ranges::stable_sort(states_, {}, key_of);
}

const SavedState* SavedStates::find(std::string_view service, const Address& backend) const {
  const std::tuple<std::string_view, Address> key(service, backend);
  const auto found = std::ranges::lower_bound(states_, key, {}, key_of);
  return found != states_.end() && key_of(*found) == key ? &*found : nullptr;
}

std::variant<SavedStates, Unusable> decode_states(std::string_view text, const Moment& now) {
  Document document;
  json::sax_parse(text, &document);
  if (std::string fault = fault_of(document, now); !fault.empty()) {
    return Unusable{std::move(fault)};
  }
  return SavedStates(std::move(document.states));
}

}  // namespace hlb
