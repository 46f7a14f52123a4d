// The differences between sdbus-c++ 1.2 and 2.x, so that nothing else has to know them.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace hlb::bus {

// A name: for 1.2 a string, for 2.x one of its types, into which strings don't turn by themselves.
struct BusName {
  const char* text;

  template <typename Type>
  operator Type() const {  // NOLINT(google-explicit-constructor): its purpose
    return Type(text);
  }
};

struct BusNames {
  std::vector<const char*> texts;

  template <typename Type>
  operator std::vector<Type>() const {  // NOLINT(google-explicit-constructor): its purpose
    return {texts.begin(), texts.end()};
  }
};

// Handles what is pending. Returns false when nothing was.
template <typename Connection>
bool process(Connection& connection) {
  if constexpr (requires { connection.processPendingEvent(); }) {
    return connection.processPendingEvent();
  } else {
    return connection.processPendingRequest();
  }
}

// The unique name of the connection that sent the call which `object` is handling.
template <typename Object>
std::string sender_of_call(const Object& object) {
  const auto message = object.getCurrentlyProcessedMessage();
  if constexpr (std::is_pointer_v<decltype(message)>) {
    return message->getSender();
  } else {
    return message.getSender();
  }
}

template <typename Handler>
struct ErrorOf;
template <typename Reply, typename Error>
struct ErrorOf<std::function<void(Reply, Error)>> {
  using Type = Error;
};

// The argument of a reply's handler before the results; turns into false when there is no error.
using CallError = ErrorOf<sdbus::async_reply_handler>::Type;

}  // namespace hlb::bus
