// Where hlbd's log lines go: the journal when systemd runs it, else standard error.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "system/log_level.h"

namespace hlb {

// Log lines while this lives. They are written by a thread of its own, so that nobody who logs ever
// waits for the journal, a pipe or a disk. At most kMostWaiting lines wait; what comes beyond that
// is dropped and counted, and a line tells how many as soon as lines are taken again.
class Log {
 public:
  static constexpr std::size_t kMostWaiting = 8192;

  Log();
  ~Log();  // gives what still waits a second to be written
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
};

void set_log_level(LogLevel level);

// The lines that were dropped so far.
std::uint64_t dropped_log_lines();

// What a part of hlbd has to say to operators, once.
struct Notice {
  bool trouble = false;  // a warning; else that all is well again, or news
  std::string text;
};

void log(const Notice& notice);

// What the journal keeps beside the text of a line, and finds it by: journalctl NAME=value.
struct LogField {
  const char* name;  // in capitals, as systemd.journal-fields(7) wants it
  std::string value;
};

// A line with fields. Where it doesn't go to the journal its text stands alone.
void log_with_fields(LogLevel level, const std::string& text, std::span<const LogField> fields);

}  // namespace hlb
