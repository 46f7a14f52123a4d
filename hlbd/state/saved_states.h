// Encodes the states of all backends as text, which an hlbd leaves to the next. Pure: the caller
// brings the time and the bytes.
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
// The words are the last words of checks, if any: a "state", "drained", "weight_percent". A wrong
// word is left out, and spoils nothing else.
//
// The head says when the states were true: since that boot, and by the wall clock, in milliseconds
// since 1970. Its numbers are padded with spaces, so that a later head can take its place. A reader
// ignores members that it doesn't know; a member that it must know comes with another version.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "health/advice.h"
#include "health/machine.h"
#include "system/moment.h"
#include "system/whole_file.h"
#include "text/address.h"

namespace hlb {

// The highest age of states that still count.
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

  // Adds a state, unless it is unknown.
  void add(std::string_view service, const Address& backend, State state, WallTime since);

  // Adds a last word, unless it is empty.
  void add(std::string_view service, const Address& backend, const LastWord& word);

  std::string finish() &&;

  // The beginning of each text, always of the same length within a boot.
  static std::string head(const Moment& now);

 private:
  std::string text_;
  bool empty_ = true;
  std::string words_;
};

// Looked up at start, for each backend of the configuration.
class SavedStates {
 public:
  SavedStates() = default;
  explicit SavedStates(std::vector<SavedState> states, std::vector<SavedWord> words = {});

  // The saved state of a backend; nullptr if there is none.
  const SavedState* find(std::string_view service, const Address& backend) const;
  const std::vector<SavedState>& all() const { return states_; }  // by service and address

  // The last words of its checks, in the checks' order.
  std::vector<LastWord> words_of(std::string_view service, const Address& backend) const;

 private:
  std::vector<SavedState> states_;
  std::vector<SavedWord> words_;
};

// Decodes any bytes. A text with a flaw outside of the words is of no use at all; nor are states
// that are too old, or from the future. Their age is counted by the clock of the boot, if it still
// is the same, else by the wall clock. A backend on an interface that is gone is left out.
tl::expected<SavedStates, Unusable> decode_states(std::string_view text, const Moment& now);

}  // namespace hlb
