// The states of all backends as text: what one hlbd leaves to the next. Pure: the caller brings the
// time and the bytes.
//
// The text is JSON (RFC 8259), a line for the head and one for each backend:
//
//   {"version":1,"boot_id":"<32 hexadecimal digits>","boottime_ms":   4711,"wall_ms":
//   1732…,"backends":[
//   {"service":"app.local","address":"10.0.0.1","state":"up","since_ms":1732…},
//   {"service":"app.local","address":"10.0.0.2","state":"down","since_ms":1732…}
//   ]}
//
// The head says when the states were true: since that boot, and by the wall clock, in milliseconds
// since 1970. Its numbers are padded with spaces, so that a later head can take its place. Members
// that a reader doesn't know are ignored by it; what it must know comes with another version.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "health/address.h"
#include "health/machine.h"
#include "health/wall_time.h"
#include "state/moment.h"
#include "state/unusable.h"

namespace hlb {

// States older than this say nothing of now.
inline constexpr std::chrono::seconds kMaxStateAge{60};

struct SavedState {
  std::string service;
  Address backend;
  State state = State::unknown;
  WallTime since;  // for people
};

class StateEncoder {
 public:
  explicit StateEncoder(const Moment& now);

  // A state that is unknown leaves nothing to remember.
  void add(std::string_view service, const Address& backend, State state, WallTime since);

  std::string finish() &&;

  // What each text begins with, always of the same length within one boot.
  static std::string head(const Moment& now);

 private:
  std::string text_;
  bool empty_ = true;
};

// Asked at start, for each backend of the configuration.
class SavedStates {
 public:
  SavedStates() = default;
  explicit SavedStates(std::vector<SavedState> states);

  // nullptr, if nothing is remembered of it.
  const SavedState* find(std::string_view service, const Address& backend) const;
  const std::vector<SavedState>& all() const { return states_; }  // by service and address

 private:
  std::vector<SavedState> states_;
};

// Takes any bytes. A text with a flaw is of no use at all; so are states that are too old, or from
// the future. Their age is counted by the clock of the boot, if it still is the same, else by the
// wall clock. A backend on an interface that is gone is left out.
std::variant<SavedStates, Unusable> decode_states(std::string_view text, const Moment& now);

}  // namespace hlb
