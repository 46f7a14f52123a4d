#include "system/places.h"

#include <algorithm>
#include <utility>

namespace hlb {

Places::Place::Place(Places& places, Claim claim, std::function<void()> on_loss)
    : places_(places), claim_(claim), on_loss_(std::move(on_loss)) {
  places_.make_room(claim);
  places_.enter(*this);
}

Places::Place::~Place() {
  if (held_) places_.leave(*this);
}

void Places::make_room(const Claim& claim) {
  if (!claim.privileged && unprivileged_ >= most_ - reserve_) {
    take_from_heaviest(claim, false);
  } else if (held_.size() >= most_) {
    take_from_heaviest(claim, true);
  }
}

// With the one that comes counted in.
void Places::take_from_heaviest(const Claim& newcomer, bool even_privileged) {
  const auto weight = [&](const auto& entry) {
    const auto& [holder, share] = entry;
    if (share.privileged && !even_privileged) return std::size_t{0};
    return share.places + (holder == newcomer.holder ? 1 : 0);
  };
  take_oldest_of(std::ranges::max_element(shares_, {}, weight)->first);
}

void Places::take_oldest_of(Holder holder) {
  const auto oldest = std::ranges::find_if(
      held_, [holder](const Place* each) { return each->claim_.holder == holder; });
  Place& place = **oldest;
  leave(place);
  place.held_ = false;
  place.on_loss_();
}

void Places::enter(Place& place) {
  place.at_ = held_.insert(held_.end(), &place);
  if (!place.claim_.privileged) ++unprivileged_;
  Share& share = shares_[place.claim_.holder];
  ++share.places;
  share.privileged = place.claim_.privileged;
}

void Places::leave(Place& place) {
  held_.erase(place.at_);
  if (!place.claim_.privileged) --unprivileged_;
  const auto share = shares_.find(place.claim_.holder);
  if (--share->second.places == 0) shares_.erase(share);
}

}  // namespace hlb
