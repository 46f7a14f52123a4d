#include "system/turns.h"

#include <algorithm>
#include <tuple>

namespace hlb {

bool Turns::Line::operator<(const Line& other) const {
  return std::tie(share->held_, last_turn) < std::tie(other.share->held_, other.last_turn);
}

struct Turns::Lines {
  Line& of(bool is_silent) { return is_silent ? silent : lively; }

  Line lively{false};
  Line silent{true};
};

Turns::Share::~Share() = default;

Turns::Turns(int places) : places_(places) {}

Turns::~Turns() {
  lively_.clear();
  silent_.clear();
}

Turns::SharePtr Turns::new_share() {
  return {new Share};
}

void Turns::wait(Waiter& waiter) {
  Share& share = *waiter.share;
  if (!share.lines_) share.lines_ = lines_of(share);
  Line& line = share.lines_->of(waiter.silent);
  line.queue.insert(line.queue.end(), waiter);  // where the latest belongs, at no cost
  if (line.is_linked()) return;
  line.last_turn = ++last_turn_;
  enter(line);
}

// A check that has its turn at once needs them for a moment, thousands of times a second.
std::unique_ptr<Turns::Lines> Turns::lines_of(Share& share) {
  auto lines = spare_ ? std::move(spare_) : std::make_unique<Lines>();
  lines->lively.share = lines->silent.share = &share;
  return lines;
}

Turns::Waiter* Turns::next() {
  const int least_silent = std::max(places_ / 8, 1);
  const int most_silent = std::max(places_ * 3 / 4, 1);
  Waiter* waiter = nullptr;
  if (silent_held_ < least_silent) waiter = next_of(silent_, free());
  if (waiter == nullptr) waiter = next_of(lively_, 2 * free());
  if (waiter == nullptr && silent_held_ < most_silent) waiter = next_of(silent_, free());
  return waiter;
}

// `most`: so many places a share holds then.
Turns::Waiter* Turns::next_of(Order& order, int most) {
  while (!order.empty()) {
    Line& line = *order.begin();
    if (line.queue.empty()) {
      leave(line);
      continue;
    }
    if (line.share->held_ >= most) break;
    Waiter& waiter = *line.queue.begin();
    waiter.unlink();
    line.last_turn = ++last_turn_;
    hold(*line.share, waiter.silent, 1);
    if (line.queue.empty()) leave(line);
    return &waiter;
  }
  return nullptr;
}

void Turns::give_back(Share& share, bool silent) {
  hold(share, silent, -1);
}

void Turns::enter(Line& line) {
  (line.silent ? silent_ : lively_).insert(line);
}

void Turns::leave(Line& line) {
  line.unlink();
  std::unique_ptr<Lines>& both = line.share->lines_;
  if (!both->lively.is_linked() && !both->silent.is_linked()) spare_ = std::move(both);
}

// The share's lines find their new place in the order.
void Turns::hold(Share& share, bool silent, int more) {
  Lines* const lines = share.lines_.get();
  const bool lively_waits = lines != nullptr && lines->lively.is_linked();
  const bool silent_waits = lines != nullptr && lines->silent.is_linked();
  if (lively_waits) lines->lively.unlink();
  if (silent_waits) lines->silent.unlink();
  share.held_ += more;
  held_ += more;
  if (silent) silent_held_ += more;
  if (lively_waits) enter(lines->lively);
  if (silent_waits) enter(lines->silent);
}

}  // namespace hlb
