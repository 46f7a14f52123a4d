#include "ctl/import/ask.h"

#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

void prompt(const ImportedService& service, const ChosenCheck& otherwise, std::ostream& out) {
  out << service.name << " (";
  for (std::size_t i = 0; i < service.backends.size(); ++i)
    out << (i == 0 ? "" : ", ") << service.backends[i].to_string();
  out << ") [" << otherwise.to_string() << "]: " << std::flush;
}

// nullopt when the input has ended.
std::optional<ChosenCheck> ask(const ImportedService& service, const ChosenCheck& otherwise,
                               std::istream& in, std::ostream& out) {
  std::string line;
  while (true) {
    prompt(service, otherwise, out);
    if (!std::getline(in, line)) return std::nullopt;
    const std::string_view answer = trimmed(line);
    if (answer.empty()) return otherwise;
    const auto parsed = parse_check(answer);
    if (const auto* check = std::get_if<ChosenCheck>(&parsed)) return *check;
    out << std::get<NoCheck>(parsed).reason << "\n";
  }
}

}  // namespace

void ask_checks(std::vector<ImportedService>& services, std::istream& in, std::ostream& out) {
  if (services.empty()) return;
  out << "How is each checked? TYPE[:PORT[/PATH]], as in http:8082/health or tcp:6379;\n"
         "Enter takes what stands in brackets.\n";
  std::optional<ChosenCheck> before;
  bool ended = false;
  for (ImportedService& service : services) {
    const ChosenCheck otherwise = before.value_or(service.check);
    const auto answer = ended ? std::nullopt : ask(service, otherwise, in, out);
    ended = !answer;
    service.check = answer.value_or(otherwise);
    // A guess is for its own service.
    if (answer && answer->remark.empty()) before = *answer;
  }
  if (ended) out << "\n";
}

}  // namespace hlb::ctl
