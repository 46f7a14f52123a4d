// What tests of hlbctl's output share.
#pragma once

#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <ctime>
#include <string>

#include "ctl/terminal/terminal.h"
#include "ctl/terminal/text.h"

namespace hlb::ctl {

// A terminal of the tests: Unicode, no colour, as many rows as it takes.
inline Terminal wide(std::size_t columns) {
  return {.interactive = true, .columns = columns, .rows = 0, .colour = false, .utf8 = true};
}

inline std::string plain(const Styled& text) {
  std::string out;
  text.write_to(out, false);
  return out;
}

inline std::string coloured(const Styled& text) {
  std::string out;
  text.write_to(out, true);
  return out;
}

// In a locale of Unicode, and at UTC.
class CtlOutput : public testing::Test {
 protected:
  CtlOutput() {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  ~CtlOutput() override { std::setlocale(LC_CTYPE, "C"); }
};

}  // namespace hlb::ctl
