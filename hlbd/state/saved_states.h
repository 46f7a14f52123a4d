// The states of all backends as text: what one hlbd leaves to the next. Pure: the caller brings the
// time and the bytes.
//
// The text is JSON (RFC 8259), a line for the head and one for each backend:
//
//   {"version":1,"boot_id":"<32 hexadecimal digits>","boottime_ms":   4711,"wall_ms":
//   1732…,"backends":[
//   {"service":"app.local","address":"10.0.0.1","state":"up","since_ms":1732…},
//   {"service":"app.local","address":"10.0.0.2","state":"down","since_ms":1732…}
//   ],"words":[
//   {"service":"app.local","address":"10.0.0.1","check":"agent","port":9777,"drained":true}
//   ]}
//
// The words are what checks said last that stands, if any: a "state", "drained", "weight_percent".
// What is wrong in them is left out, and costs nothing else.
//
// The head says when the states were true: since that boot, and by the wall clock, in milliseconds
// since 1970. Its numbers are padded with spaces, so that a later head can take its place. Members
// that a reader doesn't know are ignored by it; what it must know comes with another version.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "health/last_word.h"
#include "health/machine.h"
#include "system/moment.h"
#include "system/whole_file.h"
#include "text/address.h"

namespace hlb {

// States older than this say nothing of now.
inline constexpr std::chrono::seconds kMaxStateAge{60};

struct SavedState {
  std::string service;
  Address backend;
  State state = State::unknown;
  WallTime since;  // for people
};

struct SavedWord {
  std::string service;
  Address backend;
  LastWord word;
};

class StateEncoder {
 public:
  explicit StateEncoder(const Moment& now);

  // A state that is unknown leaves nothing to remember.
  void add(std::string_view service, const Address& backend, State state, WallTime since);

  // Nor is there anything to remember of an empty word.
  void add(std::string_view service, const Address& backend, const LastWord& word);

  std::string finish() &&;

  // What each text begins with, always of the same length within one boot.
  static std::string head(const Moment& now);

 private:
  std::string text_;
  bool empty_ = true;
  std::string words_;
};

// Asked at start, for each backend of the configuration.
class SavedStates {
 public:
  SavedStates() = default;
  explicit SavedStates(std::vector<SavedState> states, std::vector<SavedWord> words = {});

  // nullptr, if nothing is remembered of it.
  const SavedState* find(std::string_view service, const Address& backend) const;
  const std::vector<SavedState>& all() const { return states_; }  // by service and address

  // What its checks said last, in their order.
  std::vector<LastWord> words_of(std::string_view service, const Address& backend) const;

 private:
  std::vector<SavedState> states_;
  std::vector<SavedWord> words_;
};

// Takes any bytes. A text with a flaw beside the words is of no use at all; so are states that are
// too old, or from the future. Their age is counted by the clock of the boot, if it still is the
// same, else by the wall clock. A backend on an interface that is gone is left out.
tl::expected<SavedStates, Unusable> decode_states(std::string_view text, const Moment& now);

}  // namespace hlb
