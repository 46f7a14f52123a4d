// What hlbctl doctor has found, in words for the operator.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hlb::ctl::doctor {

struct Finding {
  enum class Severity : std::uint8_t {
    fault,  // lookups aren't answered by hlb, or not for every name, user or program
    note,   // they are; worth knowing all the same
  };

  Severity severity = Severity::fault;
  std::string about;  // one word for what was looked at; scripts may rely on it
  std::string what;   // no full stop
  std::string why;    // why it matters, in sentences
  std::string mend;   // what to do, in sentences or ending in what is to be typed
};

using Findings = std::vector<Finding>;

inline Finding fault(std::string about, std::string what, std::string why, std::string mend) {
  return {Finding::Severity::fault, std::move(about), std::move(what), std::move(why),
          std::move(mend)};
}

inline Finding note(std::string about, std::string what, std::string why, std::string mend) {
  return {Finding::Severity::note, std::move(about), std::move(what), std::move(why),
          std::move(mend)};
}

inline void append(Findings& findings, Findings more) {
  for (Finding& finding : more)
    findings.push_back(std::move(finding));
}

}  // namespace hlb::ctl::doctor
