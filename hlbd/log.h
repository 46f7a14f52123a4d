// Where hlbd's log lines go: the journal when systemd runs it, else standard error.
#pragma once

#include <span>
#include <string>

#include "config/config.h"

namespace hlb {

// What the journal keeps beside the text of a line, and finds it by: journalctl NAME=value.
struct LogField {
  const char* name;  // in capitals, as systemd.journal-fields(7) wants it
  std::string value;
};

void start_log();
void set_log_level(LogLevel level);

// A line with fields. Where it doesn't go to the journal its text stands alone.
void log_with_fields(LogLevel level, const std::string& text, std::span<const LogField> fields);

}  // namespace hlb
