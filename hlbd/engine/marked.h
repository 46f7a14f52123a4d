// Places in a list of services that something is to be done for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace hlb {

class Marked {
 public:
  // Of a list of `count`: marks none of it.
  void reset(std::size_t count) {
    marks_.assign(count, false);
    places_.clear();
  }

  void mark(std::size_t place) {
    if (marks_[place]) return;
    marks_[place] = true;
    places_.push_back(place);
  }

  bool any() const { return !places_.empty(); }

  // Those that are marked, in order; none is afterwards.
  std::vector<std::size_t> take() {
    for (const std::size_t place : places_)
      marks_[place] = false;
    std::ranges::sort(places_);
    return std::exchange(places_, {});
  }

 private:
  std::vector<bool> marks_;
  std::vector<std::size_t> places_;
};

}  // namespace hlb
