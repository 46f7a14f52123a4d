#include "system/log.h"

#define SD_JOURNAL_SUPPRESS_LOCATION  // of the line here that all entries pass
#include <systemd/sd-journal.h>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "system/worker.h"

namespace hlb {
namespace {

constexpr char kIdentifier[] = "hlbd";
constexpr std::chrono::seconds kFlushLimit{1};

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

int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return LOG_DEBUG;
    case spdlog::level::info:
      return LOG_INFO;
    case spdlog::level::warn:
      return LOG_WARNING;
    default:
      return LOG_ERR;
  }
}

// What one line is in the journal: NAME=value, of any bytes.
using JournalEntry = std::vector<std::string>;

JournalEntry entry_of(spdlog::level::level_enum level, std::string_view text) {
  return {fmt::format("MESSAGE={}", text), fmt::format("PRIORITY={}", priority_of(level)),
          fmt::format("SYSLOG_IDENTIFIER={}", kIdentifier)};
}

bool write_to_journal(const JournalEntry& entry) {
  std::vector<iovec> pieces;
  pieces.reserve(entry.size());
  for (const std::string& each : entry)
    pieces.push_back({const_cast<char*>(each.data()), each.size()});
  return sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size())) == 0;
}

// Not by stdio, whose lock would be held for as long as nobody reads.
bool write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t count = write(STDERR_FILENO, line.data(), line.size());
    if (count < 0) return false;
    line.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Writes one line; false when it couldn't.
using Write = std::function<bool()>;

std::atomic<std::uint64_t> dropped_lines = 0;  // in all

// The lines that got lost on their way, until that can be told. Shared with the worker's thread.
struct Lost {
  explicit Lost(std::function<bool(std::uint64_t lines)> tell_them) : tell(std::move(tell_them)) {}

  void add_one() {
    ++lines;
    ++dropped_lines;
  }

  void tell_if_any() {
    const std::uint64_t now = lines.exchange(0);
    if (now > 0 && !tell(now)) lines += now;
  }

  const std::function<bool(std::uint64_t lines)> tell;
  std::atomic<std::uint64_t> lines = 0;
};

// Writes lines on a worker's thread.
class Outlet {
 public:
  explicit Outlet(std::function<bool(std::uint64_t lines)> tell_lost)
      : lost_(std::make_shared<Lost>(std::move(tell_lost))) {}

  void put(Write write) {
    const bool taken = worker_.post([write = std::move(write), lost = lost_] {
      if (!write()) lost->add_one();
      lost->tell_if_any();
      return Worker::Completion();
    });
    if (!taken) lost_->add_one();
  }

  void flush() { worker_.flush(kFlushLimit); }

 private:
  std::shared_ptr<Lost> lost_;
  Worker worker_{Log::kMostWaiting};
};

std::string told(std::uint64_t dropped) {
  return fmt::format("{} log lines were dropped: they weren't taken in time", dropped);
}

class JournalSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  void put(JournalEntry entry) {
    outlet_.put([entry = std::move(entry)] { return write_to_journal(entry); });
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    put(entry_of(line.level, {line.payload.data(), line.payload.size()}));
  }
  void flush_() override { outlet_.flush(); }

  Outlet outlet_{[](std::uint64_t dropped) {
    return write_to_journal(entry_of(spdlog::level::warn, told(dropped)));
  }};
};

constexpr char kReset[] = "\033[m";

// As spdlog's own sink for terminals has them.
std::string_view color_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::info:
      return "\033[32m";
    case spdlog::level::warn:
      return "\033[33m\033[1m";
    case spdlog::level::err:
      return "\033[31m\033[1m";
    default:
      return "\033[36m";
  }
}

class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(line, formatted);
    std::string text(formatted.data(), formatted.size());
    if (terminal_) {
      text.insert(line.color_range_end, kReset);
      text.insert(line.color_range_start, color_of(line.level));
    }
    outlet_.put([text = std::move(text)] { return write_to_stderr(text); });
  }
  void flush_() override { outlet_.flush(); }

  bool terminal_ = isatty(STDERR_FILENO) == 1;
  Outlet outlet_{
      [](std::uint64_t dropped) { return write_to_stderr("hlbd: " + told(dropped) + "\n"); }};
};

std::shared_ptr<JournalSink> journal;  // while lines go there

}  // namespace

Log::Log() {
  spdlog::sink_ptr sink;
  if (logs_to_journal()) {
    sink = journal = std::make_shared<JournalSink>();
  } else {
    sink = std::make_shared<StderrSink>();
  }
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(kIdentifier, std::move(sink)));
  spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
}

Log::~Log() {
  spdlog::default_logger()->flush();
}

void set_log_level(LogLevel level) {
  spdlog::set_level(spdlog_level(level));
}

std::uint64_t dropped_log_lines() {
  return dropped_lines;
}

void log(const Notice& notice) {
  spdlog::log(notice.trouble ? spdlog::level::warn : spdlog::level::info, "{}", notice.text);
}

// spdlog knows no fields, so these lines go around it.
void log_with_fields(LogLevel level, const std::string& text, std::span<const LogField> fields) {
  const auto of_spdlog = spdlog_level(level);
  if (!spdlog::should_log(of_spdlog)) return;
  if (!journal) return spdlog::log(of_spdlog, "{}", text);
  JournalEntry entry = entry_of(of_spdlog, text);
  for (const LogField& field : fields)
    entry.push_back(fmt::format("{}={}", field.name, field.value));
  journal->put(std::move(entry));
}

}  // namespace hlb
