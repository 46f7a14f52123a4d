// The status as JSON, as `hlbctl status --json` prints it, made in parts of about a quarter of a
// millisecond.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "operators/bus/directory.h"
#include "operators/page/page.h"
#include "operators/report.h"

namespace hlb::page {

// Used by hlbd's loop alone. What the sources refer to must outlive it.
class StatusText {
 public:
  explicit StatusText(Sources sources) : sources_(std::move(sources)) {}

  // Appends the next part. Returns false when all is there.
  bool add_part(std::string& text);

 private:
  void begin(std::string& text);
  bool begin_service(std::string& text);
  void add_backends(std::string& text);

  Sources sources_;
  bool begun_ = false;
  bool over_ = false;
  std::size_t next_service_ = 0;
  std::optional<std::string> service_;  // whose backends are being written
  std::size_t next_backend_ = 0;
};

}  // namespace hlb::page
