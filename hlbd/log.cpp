#include "log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace hlb {
namespace {

constexpr char kIdentifier[] = "hlbd";

bool to_journal = false;

// systemd names the journal's stream, and a program whose standard error still is that stream may
// write to the journal itself (systemd.exec(5), $JOURNAL_STREAM).
bool logs_to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat error_output{};
  if (stream == nullptr || fstat(STDERR_FILENO, &error_output) != 0) return false;
  return stream == std::to_string(error_output.st_dev) + ":" + std::to_string(error_output.st_ino);
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

int priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
    case LogLevel::debug:
      return LOG_DEBUG;
    case LogLevel::info:
      return LOG_INFO;
    case LogLevel::warn:
      return LOG_WARNING;
    case LogLevel::error:
      break;
  }
  return LOG_ERR;
}

// spdlog, whose sink for the journal all other lines go to, knows no fields.
void send_to_journal(LogLevel level, const std::string& text, std::span<const LogField> fields) {
  std::vector<std::string> assignments = {"MESSAGE=" + text,
                                          "PRIORITY=" + std::to_string(priority_of(level)),
                                          std::string("SYSLOG_IDENTIFIER=") + kIdentifier};
  for (const LogField& field : fields)
    assignments.push_back(std::string(field.name) + "=" + field.value);
  std::vector<iovec> pieces;
  pieces.reserve(assignments.size());
  for (std::string& each : assignments)
    pieces.push_back({each.data(), each.size()});
  sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size()));
}

}  // namespace

void start_log() {
  to_journal = logs_to_journal();
  if (to_journal) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        kIdentifier, std::make_shared<spdlog::sinks::systemd_sink_st>(kIdentifier)));
    spdlog::set_pattern("%v");
    return;
  }
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      kIdentifier, std::make_shared<spdlog::sinks::stderr_color_sink_st>()));
  spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
}

void set_log_level(LogLevel level) {
  spdlog::set_level(spdlog_level(level));
}

void log_with_fields(LogLevel level, const std::string& text, std::span<const LogField> fields) {
  if (!spdlog::should_log(spdlog_level(level))) return;
  if (to_journal) return send_to_journal(level, text, fields);
  spdlog::log(spdlog_level(level), "{}", text);
}

}  // namespace hlb
