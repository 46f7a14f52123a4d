#include "probes/file/backend_file.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include "probes/reason.h"
#include "text/endpoint.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

constexpr std::string_view kSeparators = " \t\r,";
constexpr std::size_t kMaxTextShown = 50;  // of a line

auto key_of(const BackendFile::Line& line) {
  return std::tie(line.address, line.port);
}

bool says_the_same(const BackendFile::Line& one, const BackendFile::Line& other) {
  return one.words == other.words && (one.again == 0) == (other.again == 0);
}

std::string quoted(std::string_view text) {
  return '"' + text::printable(text, kMaxTextShown) + '"';
}

}  // namespace

std::string FileFault::to_string(std::string_view path) const {
  const std::string place = line == 0 ? "" : ":" + std::to_string(line);
  return std::string(path) + place + ": " + message;
}

std::string BackendFile::Line::fault() const {
  if (again != 0) {
    return address.to_string() + " stands in line " + std::to_string(again) +
           " again; remove one of them";
  }
  if (words.size() > kMaxLine) return "is longer than " + std::to_string(kMaxLine) + " bytes";
  const Statement said = read_statement(words);
  if (!said.not_understood.empty()) {
    return quoted(said.not_understood) + " is none of up, down, drain, maint, ready and 75%";
  }
  if (!said.up && said.advice == Advice{}) {
    return "says nothing of " + address.to_string() + "; write up, down, drain or 75% behind it";
  }
  return "";
}

Statement BackendFile::Line::statement() const {
  Statement said = read_statement(words);
  said.up = said.up.value_or(true);
  said.advice.drained = said.advice.drained.value_or(false);
  said.advice.weight_percent = said.advice.weight_percent.value_or(100);
  return said;
}

BackendFile::BackendFile(std::string text) : text_(std::move(text)) {
  std::string_view rest = text_;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    take(line, number);
  }
  mark_repeated();
  note_faults();
  bound_faults();
}

void BackendFile::take(std::string_view line, std::uint32_t number) {
  line.remove_prefix(std::min(line.find_first_not_of(kSeparators), line.size()));
  if (line.empty() || line.starts_with('#')) return;
  const std::string_view first = line.substr(0, line.find_first_of(kSeparators));
  if (const auto place = Endpoint::parse(first)) {
    lines_.push_back({place->address, place->port, number, 0, line.substr(first.size())});
  } else if (faults_.size() == kMaxFaults) {
    ++more_faults_;
  } else {
    faults_.push_back({number, quoted(first) + " is no address such as 10.0.0.1, 10.0.0.1:80, "
                                               "fd99::1 or [fd99::1]:80"});
  }
}

// Keeps the first line of each key, with the number of the second.
void BackendFile::mark_repeated() {
  std::ranges::stable_sort(lines_, {}, key_of);
  for (std::size_t i = 1; i < lines_.size(); ++i) {
    Line& before = lines_[i - 1];
    if (key_of(before) == key_of(lines_[i]) && before.again == 0) before.again = lines_[i].number;
  }
  const auto repeated = std::ranges::unique(lines_, {}, key_of);
  lines_.erase(repeated.begin(), repeated.end());
}

// Writes down few faults: a file of noise has no use for as many words of ours.
void BackendFile::note_faults() {
  std::vector<const Line*> faulty;
  for (const Line& line : lines_) {
    if (!line.fault().empty()) faulty.push_back(&line);
  }
  std::ranges::sort(faulty, {}, &Line::number);
  for (const Line* line : faulty) {
    if (faults_.size() < 2 * kMaxFaults) {
      faults_.push_back({line->number, line->fault()});
    } else {
      ++more_faults_;
    }
  }
}

void BackendFile::bound_faults() {
  std::ranges::sort(faults_, {}, &FileFault::line);
  if (faults_.size() > kMaxFaults) {
    more_faults_ += faults_.size() - kMaxFaults;
    faults_.resize(kMaxFaults);
  }
  if (more_faults_ == 0) return;
  faults_.push_back({0, "has " + std::to_string(more_faults_) + " more lines with faults"});
}

const BackendFile::Line* BackendFile::find(const Address& address, std::uint16_t port) const {
  const auto at = [&](std::uint16_t wanted) -> const Line* {
    const auto found = std::ranges::lower_bound(lines_, std::tie(address, wanted), {}, key_of);
    const bool is = found != lines_.end() && key_of(*found) == std::tie(address, wanted);
    return is ? &*found : nullptr;
  };
  const Line* exact = at(port);
  return exact != nullptr || port == 0 ? exact : at(0);
}

std::vector<Address> BackendFile::difference(const BackendFile* one, const BackendFile* other) {
  using Lines = std::span<const Line>;
  const Lines before = one == nullptr ? Lines() : Lines(one->lines_);
  const Lines after = other == nullptr ? Lines() : Lines(other->lines_);
  std::vector<Address> changed;
  auto left = before.begin();
  auto right = after.begin();
  while (left != before.end() || right != after.end()) {
    const bool only_left =
        right == after.end() || (left != before.end() && key_of(*left) < key_of(*right));
    const bool only_right =
        left == before.end() || (right != after.end() && key_of(*right) < key_of(*left));
    if (only_left || only_right || !says_the_same(*left, *right)) {
      changed.push_back(only_right ? right->address : left->address);
    }
    if (!only_right) ++left;
    if (!only_left) ++right;
  }
  const auto repeated = std::ranges::unique(changed);
  changed.erase(repeated.begin(), repeated.end());
  return changed;
}

}  // namespace hlb::probes
