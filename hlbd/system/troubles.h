// What keeps hlbd from working as it should.
#pragma once

#include <spdlog/common.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace hlb {

// Used by hlbd's loop alone.
class Troubles {
 public:
  // Called when list() has changed.
  explicit Troubles(std::function<void()> on_change) : on_change_(std::move(on_change)) {}

  // `part` of hlbd has this trouble from now on, in place of the one before; empty: none any more.
  // The log says so, once when it begins, when it becomes another one, and when it is over.
  // `level`: of the first two.
  void set(const std::string& part, const std::string& trouble,
           spdlog::level::level_enum level = spdlog::level::warn);

  // The same without the log, for a part whose own lines there say more.
  void show(const std::string& part, const std::string& trouble);

  // Those there are: "part: trouble", by part.
  std::vector<std::string> list() const;

 private:
  // Whether that is another one than before.
  bool replace(const std::string& part, const std::string& trouble);

  std::function<void()> on_change_;
  std::map<std::string, std::string> troubles_;  // by part
};

}  // namespace hlb
