#include "options.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/wording.h"

namespace hlb {
namespace {

// One line, as hlbctl has it: CLI11's message, or for a word that nothing takes what was meant.
std::string fault_of_line(const CLI::App* app, const CLI::Error& error) {
  const std::vector<std::string> left = app->remaining();
  if (left.empty()) return std::string("hlbd: ") + error.what() + "; see hlbd --help\n";
  std::vector<std::string> options;
  for (const CLI::Option* option : app->get_options())
    options.push_back("--" + option->get_lnames().front());
  const std::string name = left.front().substr(0, left.front().find('='));
  const std::string_view meant =
      text::nearest(name, std::vector<std::string_view>(options.begin(), options.end()));
  return "hlbd: " + text::in_quotes(name) + " is no option of hlbd" +
         (meant.empty() ? "; see" : "; did you mean " + std::string(meant) + "? See") +
         " hlbd --help\n";
}

}  // namespace

tl::expected<Options, int> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(
      "Checks the backends of services and publishes the healthy ones, so that every program on\n"
      "this host reaches a service by its hostname (see hlbd(8), hlbd.toml(5)).",
      "hlbd");
  const std::map<std::string, Options::Bus> buses = {{"system", Options::Bus::system},
                                                     {"session", Options::Bus::session},
                                                     {"none", Options::Bus::none}};
  app.add_option("--config", options.config,
                 "configuration; services.d/*.toml beside it is read too")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--runtime-dir", options.runtime_dir,
                 "where programs look for the table and socket")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--state-dir", options.state_dir, "where the states are kept for the next start")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--bus", options.bus, "message bus to offer org.hlb1 on")
      ->type_name("system|session|none")
      ->transform(CLI::CheckedTransformer(buses).description(""))
      ->default_str("system");
  app.add_option("--programs-socket", options.programs_socket,
                 "where hlb-programs listens, which else hlbd starts as root")
      ->type_name("SOCKET");
  app.add_option("--connections-socket", options.connections_socket,
                 "where hlb-connections listens, which else hlbd starts as root")
      ->type_name("SOCKET");
  app.add_flag("--check-config", options.check_config, "check the configuration and exit");
  app.add_flag(
      "--retire", options.retire,
      "leave the names of this hlbd, which is to be removed, to the next source, and exit");
  app.failure_message(fault_of_line);
  app.set_version_flag("--version", HLB_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(app.exit(error));
  }
  return options;
}

}  // namespace hlb
