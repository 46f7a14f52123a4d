// What is served at the HTTP endpoint: texts that are made in parts when somebody asks. Whoever
// makes them knows nothing of HTTP, and the server nothing of what they say.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::web {

// What a client asks for. Valid during the call alone.
struct Wish {
  std::string_view path;   // "/metrics"
  std::string_view query;  // after the "?", as it was sent
  bool open_metrics = false;
};

// Appends the next part of a text, of about a quarter of a millisecond. Returns false when all is
// there.
using AddPart = std::function<bool(std::string& text)>;

// A text, how it is labelled, and how it is made.
struct Content {
  std::string key;  // the same for what is the same text at one moment
  std::string type;
  std::string policy;  // Content-Security-Policy
  bool available = true;
  std::function<AddPart()> make;
};

// Says what is at a path; nullopt: nothing is.
using Site = std::function<std::optional<Content>(const Wish& wish)>;

}  // namespace hlb::web
