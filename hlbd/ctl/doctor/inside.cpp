#include "ctl/doctor/inside.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "ctl/doctor/answers.h"
#include "ctl/doctor/aside.h"
#include "ctl/doctor/dns.h"
#include "ctl/doctor/getent.h"
#include "ctl/doctor/world.h"
#include "libnss_hlb/name.h"
#include "text/wording.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutInside[] = "lookup";
constexpr std::size_t kMostInside = 8;

// What came of all lookups that a child has made, by the number of the name.
struct Gathered {
  std::string trouble;  // why there were none
  std::map<std::size_t, Answers> answers;
  std::map<std::size_t, std::string> failures;
  std::map<std::size_t, std::string> by_dns;  // an address that DNS has for a name that differs
};

// A line is 'x' and a trouble; or 'n' and a number, 'a', a number and addresses, 'f', a number and
// a failure, or 'd', a number, the name and an address.
Gathered gather(const std::string& told) {
  Gathered gathered;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind;
    std::size_t number = 0;
    words >> kind >> number;
    if (kind == "x") gathered.trouble = line.substr(2);
    if (kind == "n") gathered.answers[number];
    if (kind == "f") std::getline(words >> std::ws, gathered.failures[number]);
    if (kind == "d") words >> gathered.by_dns[number] >> gathered.by_dns[number];
    if (kind != "a") continue;
    Answer& answer = gathered.answers[number].emplace_back();
    for (std::string address; words >> address;)
      answer.push_back(address);
  }
  return gathered;
}

void tell_answers(std::size_t number, const Answers& answers, const Tell& tell) {
  for (const Answer& answer : answers) {
    std::string line = fmt::format("a {}", number);
    for (const std::string& address : answer)
      line += " " + address;
    tell(line + "\n");
  }
}

bool has_address(const Answers& answers, const std::string& address) {
  return std::ranges::any_of(answers, [&address](const Answer& answer) {
    return std::ranges::find(answer, address) != answer.end();
  });
}

// Whether the process is in another network namespace than hlbd; false where that isn't known.
bool is_in_other_network(const Host& machine, const Process& process, const Network& hlbds) {
  const auto status = machine.status(process.folder() / "ns/net");
  return status && hlbds.inode != 0 && status->st_ino != hlbds.inode;
}

class Inside {
 public:
  Inside(const Host& machine, const ExaminedProgram& program, std::vector<std::string> names,
         const Published& table)
      : machine_(machine),
        program_(program),
        names_(std::move(names)),
        hlbs_(machine, table),
        elsewhere_(is_in_other_network(machine, *program.process, table.view().network())),
        who_(fmt::format("process {}", program.process->pid)) {}

  Findings by_glibc() const;
  Findings by_dns() const;

 private:
  void look_up_there(Getent& getent, const Tell& tell) const;
  void look_up(const Getent& getent, std::size_t number, const Tell& tell) const;
  Finding not_tried(const std::string& why) const;
  Findings differences(const std::map<std::string, std::vector<std::string>>& found) const;
  std::optional<Finding> unbalanced(const std::string& name, const Answers& answers) const;
  Finding alone() const;

  const Host& machine_;
  const ExaminedProgram& program_;
  std::vector<std::string> names_;
  HlbsAnswers hlbs_;
  bool elsewhere_;
  std::string who_;
};

void Inside::look_up(const Getent& getent, std::size_t number, const Tell& tell) const {
  const std::string& name = names_[number];
  const auto& variables = program_.process->environment;
  auto answers = getent.look_up(name, 1, variables);
  if (!answers) return tell(fmt::format("f {} {}\n", number, answers.error()));
  if (answers->empty()) return tell(fmt::format("n {}\n", number));
  tell_answers(number, *answers, tell);
  const std::size_t picks = hlbs_.picks_needed(name);
  if (picks == 1) return;
  answers = getent.look_up(name, picks, variables);
  if (answers) tell_answers(number, *answers, tell);
}

// In a child.
void Inside::look_up_there(Getent& getent, const Tell& tell) const {
  const auto ready = enter_world_of(program_.process->pid).and_then([&] {
    return getent.choose_for(program_.elf);
  });
  if (!ready) return tell(fmt::format("x {}\n", ready.error()));
  std::string told;
  const auto keep_and_tell = [&told, &tell](std::string_view piece) {
    told += piece;
    tell(piece);
  };
  for (std::size_t i = 0; i < names_.size(); ++i)
    look_up(getent, i, keep_and_tell);
  for (const auto& [number, answers] : gather(told).answers) {
    if (answers.empty() || hlbs_.difference(names_[number], answers).empty()) continue;
    const std::string start = fmt::format("d {} ", number);
    ask_dns({names_[number]}, [&](std::string_view line) { tell(start + std::string(line)); });
  }
}

Finding Inside::not_tried(const std::string& why) const {
  return note(kAboutInside, fmt::format("no lookup was made in {}: {}", who_, why),
              "What it gets is judged by its files alone.",
              why.find("permitted") != std::string::npos || why.find("denied") != std::string::npos
                  ? "Try as root."
                  : "Try a program in its place that tells what it gets.");
}

// Names of which the same is to be said are told in one finding.
Findings Inside::differences(const std::map<std::string, std::vector<std::string>>& found) const {
  Findings findings;
  for (const auto& [what, names] : found) {
    const std::string& name = names.front();
    findings.push_back(fault(
        kAboutInside,
        fmt::format("in {} {} {}{}", who_, name, what,
                    names.size() == 1 ? ""
                                      : fmt::format("; the same with {}",
                                                    text::counted(names.size() - 1, "other name"))),
        hlbs_.in_words(name),
        fmt::format("See for yourself: nsenter --all --target {} getent ahosts {}",
                    program_.process->pid, name)));
  }
  return findings;
}

std::optional<Finding> Inside::unbalanced(const std::string& name, const Answers& answers) const {
  const auto first = hlbs_.always_first(name, answers);
  if (!first) return std::nullopt;
  return fault(kAboutInside,
               fmt::format("in {} {} is {} first, {} times of {}", who_, name, *first,
                           answers.size(), answers.size()),
               elsewhere_ ? "In its network namespace, which isn't hlbd's, glibc's sort decides, "
                            "and that backend gets all."
                          : "That backend gets all.",
               elsewhere_ ? "Install libnss-hlb of hlbd's release there, or set answer = \"one\"."
                          : "Set answer = \"one\".");
}

Finding Inside::alone() const {
  return note(kAboutInside,
              fmt::format("{} is in another network namespace than hlbd, and gets one address at "
                          "a time",
                          who_),
              "How glibc sorts several isn't known there, so each answer is a pick by weight, "
              "without a second address to try.",
              "Where that matters, give the container the host's network.");
}

Findings Inside::by_glibc() const {
  Getent getent(machine_);
  const Aside aside = run_aside([&](const Tell& tell) { look_up_there(getent, tell); });
  const Gathered gathered = gather(aside.told);
  if (!gathered.trouble.empty()) return {not_tried(gathered.trouble)};
  Findings unbalanced_ones;
  std::map<std::string, std::vector<std::string>> different;
  bool is_alone = false;
  for (const auto& [number, answers] : gathered.answers) {
    const std::string& name = names_[number];
    if (const std::string what = hlbs_.difference(name, answers); !what.empty()) {
      const auto dns = gathered.by_dns.find(number);
      const bool leaks = dns != gathered.by_dns.end() && has_address(answers, dns->second);
      different[leaks ? what + ", but DNS's answer" : what].push_back(name);
    } else if (auto found = unbalanced(name, answers)) {
      unbalanced_ones.push_back(*std::move(found));
    } else {
      is_alone = is_alone || (elsewhere_ && hlbs_.picked_alone(name, answers));
    }
  }
  const std::size_t tried = gathered.answers.size() + gathered.failures.size();
  if (aside.end == Aside::End::late && tried < names_.size())
    different["isn't found within 2 s"].push_back(names_[tried]);
  Findings findings = differences(different);
  append(findings, std::move(unbalanced_ones));
  if (is_alone) findings.push_back(alone());
  if (!gathered.failures.empty()) findings.push_back(not_tried(gathered.failures.begin()->second));
  return findings;
}

Findings Inside::by_dns() const {
  const Aside aside = run_aside([&](const Tell& tell) {
    const auto there = enter_world_of(program_.process->pid);
    if (!there) return tell(fmt::format("! {}\n", there.error()));
    ask_dns(names_, tell);
  });
  if (aside.told.starts_with("! "))
    return {not_tried(aside.told.substr(2, aside.told.find('\n') - 2))};
  std::map<std::string, std::string> known;
  std::istringstream told(aside.told);
  for (std::string name, address; told >> name >> address;)
    known[name] = address;
  std::string each_name;
  for (const std::string& name : names_) {
    const auto found = known.find(name);
    each_name += each_name.empty() ? "" : ", ";
    each_name += found == known.end() ? name + " has no address"
                                      : fmt::format("{} is {}", name, found->second);
  }
  return {note(kAboutInside, fmt::format("by DNS, as {} asks it, {}", who_, each_name),
               "It gets that, whatever hlb says.", "What to do stands above.")};
}

}  // namespace

Findings check_inside(const Host& machine, const ExaminedProgram& program,
                      const std::vector<std::string>& names, const Published& table) {
  if (!program.process || !table.view().valid()) return {};
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    const record::View record = table.view().find(Name(name));
    if (record.valid() && !record.undecided() && wanted.size() < kMostInside)
      wanted.push_back(name);
  }
  if (wanted.empty()) return {};
  const Inside inside(machine, program, std::move(wanted), table);
  switch (resolver_of(machine, program)) {
    case ResolvesBy::glibc:
      return inside.by_glibc();
    case ResolvesBy::itself:
      return inside.by_dns();
    case ResolvesBy::its_own_glibc:
      break;
  }
  return {};
}

}  // namespace hlb::ctl::doctor
