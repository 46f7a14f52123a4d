#include "ctl/consent.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "ctl/command.h"

namespace hlb::ctl {

bool consents(const std::string& what) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) {
    throw Failure(kTrouble, what + ": nothing is changed; add --yes to do it all the same");
  }
  std::fprintf(stderr, "hlbctl: %s. Go on? [y/N] ", what.c_str());
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  const bool agreed = answer == "y" || answer == "Y" || answer == "yes";
  if (!agreed) std::fprintf(stderr, "hlbctl: nothing is changed\n");
  return agreed;
}

}  // namespace hlb::ctl
