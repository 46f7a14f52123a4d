#include "operators/metrics/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "system/log.h"

namespace hlb::metrics {
namespace {

using prometheus::MetricType;

prometheus::MetricFamily family_of(MetricType type, const char* name, const char* help,
                                   double value) {
  prometheus::ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {name, help, type, {metric}};
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double most_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// How many there are; before Linux 6.2 they have to be counted, a microsecond each.
std::optional<double> open_descriptors() {
  constexpr char kFolder[] = "/proc/self/fd";
  struct stat status{};
  if (stat(kFolder, &status) == 0 && status.st_size > 0) return static_cast<double>(status.st_size);
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(kFolder));
  if (!folder) return std::nullopt;
  int entries = 0;
  while (readdir(folder.get()) != nullptr)
    ++entries;
  return entries - 3;  // ".", "..", and that of the folder itself
}

struct Memory {
  double total = 0;  // in bytes
  double resident = 0;
};

std::optional<Memory> memory() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                   std::fclose);
  long total = 0;
  long resident = 0;
  if (!file || std::fscanf(file.get(), "%ld %ld", &total, &resident) != 2) return std::nullopt;
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  return Memory{static_cast<double>(total) * page, static_cast<double>(resident) * page};
}

// By the wall clock, which may have been set since.
double start_time() {
  static const double since_1970 =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return since_1970;
}

}  // namespace

std::vector<prometheus::MetricFamily> figures_of_process() {
  std::vector<prometheus::MetricFamily> families = {
      family_of(MetricType::Counter, "hlb_log_dropped_lines_total",
                "Log lines that were dropped, as whoever takes them didn't in time.",
                static_cast<double>(dropped_log_lines())),
      family_of(MetricType::Counter, "process_cpu_seconds_total",
                "Processor time that hlbd took, in seconds.", cpu_seconds()),
      family_of(MetricType::Gauge, "process_start_time_seconds",
                "When hlbd started, in seconds since 1970.", start_time()),
      family_of(MetricType::Gauge, "process_max_fds", "How many descriptors hlbd may have open.",
                most_descriptors())};
  if (const auto count = open_descriptors()) {
    families.push_back(family_of(MetricType::Gauge, "process_open_fds",
                                 "How many descriptors hlbd has open.", *count));
  }
  if (const auto now = memory()) {
    families.push_back(family_of(MetricType::Gauge, "process_virtual_memory_bytes",
                                 "Address space that hlbd has.", now->total));
    families.push_back(family_of(MetricType::Gauge, "process_resident_memory_bytes",
                                 "Memory that hlbd has in RAM.", now->resident));
  }
  return families;
}

}  // namespace hlb::metrics
