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

#include "health/machine.h"

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
using Scalar = std::variant<std::monostate, bool, std::int64_t, std::string>;

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

struct StateEntry {
  std::optional<std::string> service;
  std::optional<std::string> address;
  std::optional<std::string> state;
  std::optional<std::int64_t> since_ms;
};

// A word as it stands in the text.
struct WordEntry {
  std::optional<std::string> service;
  std::optional<std::string> address;
  std::optional<std::string> check;
  std::optional<std::int64_t> port;
  std::optional<std::string> state;
  std::optional<bool> drained;
  std::optional<std::int64_t> weight_percent;
};

std::optional<State> state_named(std::string_view name) {
  if (name == name_of(State::up)) return State::up;
  if (name == name_of(State::down)) return State::down;
  return std::nullopt;
}

// Unset where there is no such number.
std::optional<std::uint16_t> number_up_to(std::uint16_t most, std::optional<std::int64_t> number) {
  if (!number || *number < 0 || *number > most) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

// Unset where nobody can have said it; what in it can't be is left out.
std::optional<SavedWord> word_of(WordEntry entry) {
  if (!entry.service || !entry.address || !entry.check) return std::nullopt;
  const auto backend = Address::parse(*entry.address);
  if (!backend) return std::nullopt;
  LastWord word;
  word.check = std::move(*entry.check);
  word.port = number_up_to(UINT16_MAX, entry.port).value_or(0);
  word.advice = {number_up_to(kMaxWeightPercent, entry.weight_percent), entry.drained};
  if (entry.state) word.state = state_named(*entry.state).value_or(State::unknown);
  return SavedWord{std::move(*entry.service), *backend, std::move(word)};
}

// Takes the document in as it is parsed, so that no more of it than the states is kept, whatever
// the bytes are. Each function returns whether to go on.
class Document : public json::json_sax_t {
 public:
  Head head;
  std::vector<SavedState> states;
  std::vector<SavedWord> words;
  std::string fault;  // of what isn't as expected

  bool null() override { return value({}); }
  bool boolean(bool is) override { return value(is); }
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
    if (depth_ == kEntries) {
      state_ = {};
      word_ = {};
    }
    return deeper();
  }
  bool end_object() override {
    --depth_;
    if (depth_ != kEntries) return true;
    if (list_ == List::words) end_word();
    return list_ != List::states || end_state();
  }
  bool start_array(std::size_t /*values*/) override {
    if (!may_be_value()) return fail(kNotStates);
    if (depth_ == kRoot && key_ == "backends") {
      list_ = List::states;
      found_states_ = true;
    } else if (depth_ == kRoot && key_ == "words") {
      list_ = List::words;
    }
    return deeper();
  }
  bool end_array() override {
    --depth_;
    if (depth_ == kRoot) list_ = List::none;
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const json::exception& /*error*/) override {
    return fail("is no JSON, or only a part of it");
  }

  bool found_states() const { return found_states_; }

 private:
  enum class List : std::uint8_t { none, states, words };

  // How many objects and arrays are around the members of the root, the entries of a list, and
  // their members.
  static constexpr int kRoot = 1;
  static constexpr int kEntries = 2;
  static constexpr int kMembers = 3;
  static constexpr std::string_view kNotStates = "holds something else than states";
  static constexpr int kMaxDepth = 16;  // of what a later hlbd may have to say

  bool fail(std::string_view reason) {
    fault = reason;
    return false;
  }

  bool deeper() { return ++depth_ <= kMaxDepth || fail("nests too deeply"); }

  bool value(Scalar value) {
    if (!may_be_value()) return fail(kNotStates);
    if (list_ == List::states && depth_ == kMembers) take_state(value);
    if (list_ == List::words && depth_ == kMembers) take_word(value);
    if (list_ == List::none && depth_ == kRoot) take_head(value);
    return true;
  }

  // The states are objects, all of them.
  bool may_be_value() const { return list_ != List::states || depth_ != kEntries; }

  void take_head(Scalar& value) {
    if (key_ == "version") set(head.version, value);
    if (key_ == "boot_id") set(head.boot_id, value);
    if (key_ == "boottime_ms") set(head.boottime_ms, value);
    if (key_ == "wall_ms") set(head.wall_ms, value);
  }

  void take_state(Scalar& value) {
    if (key_ == "service") set(state_.service, value);
    if (key_ == "address") set(state_.address, value);
    if (key_ == "state") set(state_.state, value);
    if (key_ == "since_ms") set(state_.since_ms, value);
  }

  void take_word(Scalar& value) {
    if (key_ == "service") set(word_.service, value);
    if (key_ == "address") set(word_.address, value);
    if (key_ == "check") set(word_.check, value);
    if (key_ == "port") set(word_.port, value);
    if (key_ == "state") set(word_.state, value);
    if (key_ == "drained") set(word_.drained, value);
    if (key_ == "weight_percent") set(word_.weight_percent, value);
  }

  bool end_state() {
    if (!state_.service || !state_.address || !state_.state || !state_.since_ms) {
      return fail(kNotStates);
    }
    const auto state = state_named(*state_.state);
    if (!state) return fail("holds a state that is neither up nor down");
    if (const auto backend = Address::parse(*state_.address)) {
      const WallTime since{milliseconds(*state_.since_ms)};
      states.push_back({std::move(*state_.service), *backend, *state, since});
    }
    return true;
  }

  void end_word() {
    auto word = word_of(std::move(word_));
    if (word && !word->word.empty()) words.push_back(std::move(*word));
  }

  std::string key_;
  StateEntry state_;
  WordEntry word_;
  int depth_ = 0;
  List list_ = List::none;
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

// How SavedStates are sorted, and their words.
std::tuple<std::string_view, Address> key_of(const SavedState& state) {
  return {state.service, state.backend};
}

std::tuple<std::string_view, Address> key_of_word(const SavedWord& word) {
  return {word.service, word.backend};
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

void StateEncoder::add(std::string_view service, const Address& backend, const LastWord& word) {
  if (word.empty()) return;
  words_ += words_.empty() ? "\n" : ",\n";
  auto to = std::back_inserter(words_);
  fmt::format_to(to, R"({{"service":{},"address":{},"check":{},"port":{})", json_of(service),
                 json_of(backend.to_string()), json_of(word.check), word.port);
  if (word.state != State::unknown) fmt::format_to(to, R"(,"state":"{}")", name_of(word.state));
  if (word.advice.drained) fmt::format_to(to, R"(,"drained":{})", *word.advice.drained);
  if (word.advice.weight_percent) {
    fmt::format_to(to, R"(,"weight_percent":{})", *word.advice.weight_percent);
  }
  words_ += '}';
}

std::string StateEncoder::finish() && {
  text_ += "\n]";
  if (!words_.empty()) text_ += ",\"words\":[" + words_ + "\n]";
  text_ += "}\n";
  return std::move(text_);
}

SavedStates::SavedStates(std::vector<SavedState> states, std::vector<SavedWord> words)
    : states_(std::move(states)), words_(std::move(words)) {
  std::ranges::stable_sort(states_, {}, key_of);
  std::ranges::stable_sort(words_, {}, key_of_word);
}

const SavedState* SavedStates::find(std::string_view service, const Address& backend) const {
  const std::tuple<std::string_view, Address> key(service, backend);
  const auto found = std::ranges::lower_bound(states_, key, {}, key_of);
  return found != states_.end() && key_of(*found) == key ? &*found : nullptr;
}

std::vector<LastWord> SavedStates::words_of(std::string_view service,
                                            const Address& backend) const {
  const std::tuple<std::string_view, Address> key(service, backend);
  std::vector<LastWord> words;
  for (const SavedWord& each : std::ranges::equal_range(words_, key, {}, key_of_word))
    words.push_back(each.word);
  return words;
}

tl::expected<SavedStates, Unusable> decode_states(std::string_view text, const Moment& now) {
  Document document;
  json::sax_parse(text, &document);
  if (std::string fault = fault_of(document, now); !fault.empty()) {
    return tl::unexpected(Unusable{std::move(fault)});
  }
  return SavedStates(std::move(document.states), std::move(document.words));
}

}  // namespace hlb
