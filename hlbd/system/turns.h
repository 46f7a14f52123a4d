// A bounded number of places, and whose turn it is to have one: for work that many wait for.
#pragma once

#include <boost/intrusive/set.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

namespace hlb {

// Who waits belongs to a share, and is lively or silent: the silent are expected to hold their
// place for long and in vain. The rules, which leave a place free for whoever comes:
//  - of the shares that wait, the one that holds fewest places is next, of several such the one
//    whose last turn is longest ago; within a share, who is due first;
//  - the lively go first, but the silent may always hold an eighth of the places;
//  - the silent hold three quarters at most;
//  - a share holds at most twice as many places as are free, and its silent as many as are free: so
//    one share alone holds two thirds (half, if all of it is silent), ten together 20 of 21.
//
// Taking and giving back cost O(log n). Used by one thread.
class Turns {
 public:
  class Share;
  using SharePtr = boost::intrusive_ptr<Share>;
  using Hook =
      boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  // To be derived from; may go while it waits. While it doesn't wait, its hook and `due` may serve
  // its user.
  struct Waiter : Hook {
    Waiter() = default;
    ~Waiter() { unlink(); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    friend bool operator<(const Waiter& one, const Waiter& other) { return one.due < other.due; }

    // None of these changes while it waits.
    std::chrono::steady_clock::time_point due;
    SharePtr share;
    bool silent = false;
  };
  using Queue = boost::intrusive::multiset<Waiter, boost::intrusive::constant_time_size<false>>;

  // `places`: 1 at least.
  explicit Turns(int places);
  ~Turns();
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  static SharePtr new_share();

  // Has it wait from now on. It is unlinked, and its share is of no other Turns.
  void wait(Waiter& waiter);

  // Gives a place to whose turn it is, who waits no more; nullptr if nobody may have one now.
  Waiter* next();

  // Takes a place back; `silent`: as who had it was when it was given.
  void give_back(Share& share, bool silent);

  int held() const { return held_; }  // places

  // False: next() has nobody to return.
  bool anyone_waits() const { return !lively_.empty() || !silent_.empty(); }

 private:
  // Those of a share that wait: the lively, or the silent.
  struct Line : Hook {
    explicit Line(bool is_silent) : silent(is_silent) {}
    bool operator<(const Line& other) const;  // its turn is before the other's

    Share* share = nullptr;
    bool silent;
    std::uint64_t last_turn = 0;  // or when it came
    Queue queue;                  // empty when all have gone
  };
  struct Lines;
  using Order = boost::intrusive::multiset<Line, boost::intrusive::constant_time_size<false>>;

  int free() const { return places_ - held_; }
  Waiter* next_of(Order& order, int most);
  std::unique_ptr<Lines> lines_of(Share& share);
  void enter(Line& line);
  void leave(Line& line);
  void hold(Share& share, bool silent, int more);

  int places_;
  int held_ = 0;
  int silent_held_ = 0;  // of these
  std::uint64_t last_turn_ = 0;
  Order lively_;
  Order silent_;
  std::unique_ptr<Lines> spare_;  // of the last share that nobody waits for any more
};

// What one user of the places has of them. Small as long as nobody waits.
class Turns::Share
    : public boost::intrusive_ref_counter<Turns::Share, boost::thread_unsafe_counter> {
 public:
  Share() = default;
  ~Share();
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  friend class Turns;

  int held_ = 0;
  std::unique_ptr<Lines> lines_;  // while any of its waiters waits
};

}  // namespace hlb
