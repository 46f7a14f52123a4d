#include "log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace hlb {
namespace {

// systemd names the journal's stream, and a program whose standard error still is that stream may
// write to the journal itself (systemd.exec(5), $JOURNAL_STREAM).
bool logs_to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat error_output {};
  if (stream == nullptr || fstat(STDERR_FILENO, &error_output) != 0) return false;
  return stream == std::to_string(error_output.st_dev) + ":" + std::to_string(error_output.st_ino);
}

}  // namespace

void start_log() {
  if (logs_to_journal()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "hlbd", std::make_shared<spdlog::sinks::systemd_sink_st>("hlbd")));
    spdlog::set_pattern("%v");
    return;
  }
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "hlbd", std::make_shared<spdlog::sinks::stderr_color_sink_st>()));
  spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
}

void set_log_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::set_level(spdlog::level::trace);
    case LogLevel::debug:
      return spdlog::set_level(spdlog::level::debug);
    case LogLevel::info:
      return spdlog::set_level(spdlog::level::info);
    case LogLevel::warn:
      return spdlog::set_level(spdlog::level::warn);
    case LogLevel::error:
      return spdlog::set_level(spdlog::level::err);
  }
}

}  // namespace hlb
