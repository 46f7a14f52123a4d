// Starts hlbd(8), which checks backends and publishes the healthy ones.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include "config/config.h"
#include "daemon.h"
#include "operators/bus/system_bus.h"
#include "options.h"
#include "publish/table_file.h"
#include "system/log.h"
#include "text/wording.h"
#include "tls/settings.h"

// Seen by the NSS module, which answers nothing inside of this process: see libnss_hlb/entry.cpp.
extern "C" {
extern const char hlb_process_is_hlbd;
const char hlb_process_is_hlbd = 1;
}

namespace {

int refuse(const hlb::ConfigErrors& errors) {
  for (const hlb::ConfigError& error : errors) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
  }
  return EXIT_FAILURE;
}

int run(const hlb::Options& options) {
  if (options.retire) {
    hlb::publish::retire_table(options.runtime_dir);
    return EXIT_SUCCESS;
  }
  hlb::tls::keep_openssl_at_exit();
  auto config = hlb::load_config(options.config);
  if (!config) return refuse(config.error());
  if (options.check_config) {
    for (const std::string& warning : config->warnings)
      std::fprintf(stderr, "%s\n", warning.c_str());
    const std::string services = hlb::text::counted(config->services.size(), "service");
    std::printf("%s: ok, %s\n", options.config.c_str(), services.c_str());
    return EXIT_SUCCESS;
  }
  hlb::bus::limit_greeting();
  const hlb::Log log;
  hlb::Daemon(options, *std::move(config)).run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = hlb::parse_options(argc, argv);
  if (!parsed) return parsed.error();
  try {
    return run(*parsed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hlbd: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
