// A file about backends: a line for each, its address and then the words of statement.h. Pure: no
// file is opened here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/statement.h"
#include "text/address.h"

namespace hlb::probes {

struct FileFault {
  unsigned line = 0;  // counted from 1; 0: of the file as a whole
  std::string message;

  std::string to_string(std::string_view path) const;  // "path:line: message"

  friend bool operator==(const FileFault&, const FileFault&) = default;
};

class BackendFile {
 public:
  static constexpr std::size_t kMaxSize = 1 << 20U;
  static constexpr std::size_t kMaxLine = 1024;
  static constexpr std::size_t kMaxFaults = 10;

  struct Line {
    Address address;
    std::uint16_t port = 0;  // 0: whatever the port
    std::uint32_t number = 0;
    std::uint32_t again = 0;  // the number of another line of that address and port; 0: none
    std::string_view words;   // after the address

    // Why it says nothing that counts; empty when it does.
    std::string fault() const;
    // The statement of a line without a fault. What it leaves out is up, ready, 100%.
    Statement statement() const;
  };

  // `text` may be any bytes, up to kMaxSize.
  explicit BackendFile(std::string text);
  BackendFile(const BackendFile&) = delete;
  BackendFile& operator=(const BackendFile&) = delete;

  // The line of that very port, else the line for all ports; nullptr when there is neither.
  const Line* find(const Address& address, std::uint16_t port) const;

  // The first kMaxFaults, and then how many more there are.
  std::span<const FileFault> faults() const { return faults_; }

  // The addresses whose lines differ, sorted, each once. Either may be nullptr for a file without a
  // line.
  static std::vector<Address> difference(const BackendFile* one, const BackendFile* other);

 private:
  void take(std::string_view line, std::uint32_t number);
  void mark_repeated();
  void note_faults();
  void bound_faults();

  const std::string text_;
  std::vector<Line> lines_;  // sorted by address and port, each pair once
  std::vector<FileFault> faults_;
  std::size_t more_faults_ = 0;
};

}  // namespace hlb::probes
