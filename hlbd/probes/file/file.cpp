// The file check: another program says in a file which backends are up.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "probes/probes.h"
#include "probes/reason.h"
#include "text/duration.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

using Monotonic = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::size_t kMaxPath = 60;  // of a reason

// Shows the end of a long path, as that tells files apart.
std::string shown(const std::string& path) {
  if (path.size() <= kMaxPath) return text::printable(path, kMaxPath);
  constexpr std::string_view kCut = "...";
  const std::size_t room = kMaxPath - kCut.size();
  return std::string(kCut) +
         text::printable(std::string_view(path).substr(path.size() - room), room);
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r,";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  const std::size_t end = text.find_last_not_of(kSpace);
  return std::string(text.substr(begin, end - begin + 1));
}

class FileProbe : public Probe {
 public:
  FileProbe(const Target& target, std::shared_ptr<WatchedFile> file)
      : target_(target), file_(std::move(file)) {}

  boost::asio::awaitable<Outcome> attempt() override {
    const auto started = Monotonic::now();
    // Looks once in an interval, for whichever of the file's backends.
    const auto timeout = target_.spec->timeout;
    const bool looked = co_await file_->refresh(target_.spec->interval / 2, timeout);
    Outcome outcome =
        looked ? judge()
               : Outcome::not_known(about(" can't be read in " + text::in_seconds(timeout)));
    outcome.latency =
        std::chrono::duration_cast<std::chrono::microseconds>(Monotonic::now() - started);
    co_return outcome;
  }

 private:
  const FileCheck& check() const { return std::get<FileCheck>(target_.spec->method); }

  Outcome judge() {
    const BackendFile* file = file_->contents();
    if (file == nullptr) return unreadable();
    seen_at_ = Monotonic::now();
    const auto age = file_->age();
    const BackendFile::Line* line = file->find(target_.address, target_.port);
    if (line == nullptr) {
      return unsaid("lacks lines", " has no line for " + target_.address.to_string());
    }
    if (check().max_age != seconds{0} && age > check().max_age) return too_old(age);
    const std::string place = ":" + std::to_string(line->number) + ": ";
    if (const std::string fault = line->fault(); !fault.empty()) {
      return unsaid("has lines with faults", place + fault);
    }
    return said(line->statement(), place + trimmed(line->words));
  }

  Outcome said(const Statement& statement, std::string_view place_and_words) const {
    std::string reason = about(place_and_words);
    const bool up = statement.up.value_or(true);
    Outcome outcome =
        up ? Outcome::pass(std::move(reason)) : Outcome::hard_failure(std::move(reason));
    outcome.advice = statement.advice;
    return outcome;
  }

  Outcome too_old(Monotonic::duration age) const {
    const auto whole = std::chrono::duration_cast<seconds>(age);
    const std::string what = " hasn't changed for " + text::in_seconds(whole) +
                             ", longer than the " + text::in_seconds(check().max_age) +
                             " of max_age";
    return check().fails_when_old ? Outcome::hard_failure(about(what)) : unsaid("is too old", what);
  }

  // Fails for a file that has gone as for one that doesn't change any more.
  Outcome unreadable() const {
    const std::string what = ": " + file_->trouble();
    const bool failed = check().fails_when_old && Monotonic::now() - seen_at_ > check().max_age;
    return failed ? Outcome::hard_failure(about(what)) : unsaid("can't be read", what);
  }

  Outcome unsaid(std::string_view fault, std::string_view what) const {
    return Outcome::unsaid(fault, about(what));
  }

  std::string about(std::string_view what) const {
    const std::string path = shown(check().path);
    return path + text::printable(what, kMaxReason - path.size());
  }

  const Target& target_;
  std::shared_ptr<WatchedFile> file_;
  Monotonic::time_point seen_at_ = Monotonic::now();  // when it could be read the last time
};

}  // namespace

std::unique_ptr<Probe> file_probe(const Target& target, std::shared_ptr<WatchedFile> file) {
  return std::make_unique<FileProbe>(target, std::move(file));
}

}  // namespace hlb::probes
