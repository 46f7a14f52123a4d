// A file that hangs whoever opens it, as on a network file system whose server has gone.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "system/file_descriptor.h"

namespace hlb {

// A FIFO, which goes with the object. Who hangs at it then finds it empty.
class HungFile {
 public:
  explicit HungFile(std::string path) : path_(std::move(path)) { ::mkfifo(path_.c_str(), 0600); }
  ~HungFile() {
    FileDescriptor(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    std::filesystem::remove(path_);
  }
  HungFile(const HungFile&) = delete;
  HungFile& operator=(const HungFile&) = delete;

  // Puts it in the place of another file, too.
  void take_place_of(const std::string& path) const {
    std::filesystem::create_hard_link(path_, path + ".new");
    std::filesystem::rename(path + ".new", path);
  }

  // Lets one go on that opens it, who finds this in it.
  void let_go(std::string_view text) const {
    const FileDescriptor file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    (void)!::write(file.get(), text.data(), text.size());
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace hlb
