// getent(1), by which a lookup is made with the C library and the loader of a root folder.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ctl/doctor/answers.h"
#include "ctl/doctor/elf.h"
#include "ctl/doctor/host.h"
#include "system/file_descriptor.h"

namespace hlb::ctl::doctor {

class Getent {
 public:
  // Opens this machine's, which runs by the loader and the C library of another root folder, too,
  // if that has none itself and its C library is no older.
  explicit Getent(const Host& machine);

  // Takes that of the root folder that this process is in now, if there is one, so that it runs by
  // the loader of `program`. The error says why there can be no lookup.
  tl::expected<void, std::string> choose_for(const Elf& program);

  // Looks the name up that many times in one process, with these variables ("NAME=value"), and
  // gives each answer; none when it isn't found. The error says why no lookup was made. Takes as
  // long as that process does.
  tl::expected<Answers, std::string> look_up(const std::string& name, std::size_t times,
                                             const std::vector<std::string>& environment) const;

 private:
  FileDescriptor file_;
  std::string loader_;  // to run it by; empty: by its own
  std::string path_;    // in the root folder; empty: it is this machine's
};

}  // namespace hlb::ctl::doctor
