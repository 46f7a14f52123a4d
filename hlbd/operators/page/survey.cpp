#include "operators/page/survey.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "health/target_pattern.h"
#include "operators/standing.h"
#include "text/idn.h"

namespace hlb::page {
namespace {

using Monotonic = std::chrono::steady_clock;

constexpr std::chrono::microseconds kTimePerPart{250};
constexpr std::size_t kAtOnce = 50;  // reports between two looks at the clock
constexpr int kTries = 3;            // after which a mixture of two configurations will do

}  // namespace

Survey::Survey(const bus::Directory& directory, View view)
    : directory_(directory), view_(std::move(view)) {
  const bool is_pattern = view_.service.find_first_of("*?") != std::string::npos;
  const std::string name = text::idn_to_ascii(view_.service).value_or(view_.service);
  pattern_ = is_pattern ? view_.service : directory.service_of(name).value_or(name);
  start();
}

void Survey::start() {
  configurations_ = directory_.configurations();
  in_full_ = !view_.service.empty() || directory_.overview().backends <= kFew;
  next_service_ = 0;
  ahead_.clear();
  current_.reset();
  services_ = {};
  backends_ = {};
  groups_ = {};
  ++tries_;
}

bool Survey::go_on() {
  if (directory_.configurations() != configurations_ && tries_ < kTries) start();
  const auto end = Monotonic::now() + kTimePerPart;
  do {
    if (!current_ && ahead_.empty()) {
      ahead_ = directory_.services(next_service_, kAtOnce);
      if (ahead_.empty()) return false;
      next_service_ += ahead_.size();
      std::ranges::reverse(ahead_);
    }
    step();
  } while (Monotonic::now() < end);
  return true;
}

void Survey::step() {
  if (!current_) {
    current_.emplace().report = std::move(ahead_.back());
    ahead_.pop_back();
    next_backend_ = maintained_ = 0;
    has_remarkable_ = false;
  }
  auto some = directory_.backends(current_->report.name, next_backend_, kAtOnce);
  const std::size_t count = some ? some->size() : 0;
  next_backend_ += count;
  if (some) take(*std::move(some));
  if (count < kAtOnce) finish_service();
}

void Survey::take(std::vector<BackendReport> backends) {
  for (BackendReport& each : backends) {
    count(each);
    if (is_in_maintenance(each)) ++maintained_;
    const bool told = is_remarkable(each);
    has_remarkable_ |= told;
    if (!told && !in_full_) {
      ++current_->others_up;
    } else if (current_->backends.size() == kMostBackends) {
      ++current_->left_out;
    } else {
      current_->backends.push_back(std::move(each));
    }
  }
}

void Survey::finish_service() {
  ShownService service = std::move(*current_);
  current_.reset();
  count(service.report);
  if (!is_meant(service.report.name)) return;
  const bool all_in_maintenance = next_backend_ > 0 && maintained_ == next_backend_;
  const Rank its = rank(standing(service.report, all_in_maintenance), has_remarkable_);
  Group& group = groups_.at(static_cast<std::size_t>(its));
  if (++group.size > kMostServices) return;
  const std::size_t room = kMostBackends - group.rows;
  if (service.backends.size() > room) {
    service.left_out += service.backends.size() - room;
    service.backends.resize(room);
    service.backends.shrink_to_fit();
  }
  group.rows += service.backends.size();
  group.services.push_back(std::move(service));
}

bool Survey::is_meant(const std::string& service) const {
  return view_.service.empty() || fits(pattern_, service);
}

std::size_t Survey::matched() const {
  std::size_t sum = 0;
  for (const Group& each : groups_)
    sum += each.size;
  return sum;
}

void Survey::count(const BackendReport& backend) {
  ++backends_.all;
  if (!backend.override.kind.empty()) {
    ++backends_.overridden;
  } else if (backend.suspect) {
    ++backends_.suspect;
  } else if (backend.state == "up") {
    ++backends_.up;
  } else {
    ++(backend.state == "down" ? backends_.down : backends_.unknown);
  }
}

void Survey::count(const ServiceReport& service) {
  ++services_.all;
  if (service.state == "up") {
    ++services_.up;
  } else if (service.state == "degraded") {
    ++services_.degraded;
  } else {
    ++(service.state == "down" ? services_.down : services_.unknown);
  }
}

}  // namespace hlb::page
