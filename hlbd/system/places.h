// A bounded number of places, shared fairly: for whatever strangers can use up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <unordered_map>

namespace hlb {

// Whoever comes gets a place. When there is none left, the holder who has most loses the oldest
// one, be it the one who came. Some places are kept for the privileged, from whom nobody else can
// take them.
//
// Used by one thread.
class Places {
 public:
  using Holder = std::uint64_t;  // a user, or a host

  struct Claim {
    Holder holder = 0;
    bool privileged = false;
  };

  // Held for as long as it lives, unless it is lost before.
  class Place {
   public:
    // `on_loss` is called once, when the place is lost; it must not destroy this.
    Place(Places& places, Claim claim, std::function<void()> on_loss);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class Places;

    Places& places_;
    Claim claim_;
    std::function<void()> on_loss_;
    bool held_ = true;
    std::list<Place*>::iterator at_;
  };

  // `reserve` of the places are for the privileged.
  explicit Places(std::size_t most, std::size_t reserve = 0) : most_(most), reserve_(reserve) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

 private:
  struct Share {
    std::size_t places = 0;
    bool privileged = false;
  };

  void make_room(const Claim& claim);
  void take_from_heaviest(const Claim& newcomer, bool even_privileged);
  void take_oldest_of(Holder holder);
  void enter(Place& place);
  void leave(Place& place);

  std::size_t most_;
  std::size_t reserve_;
  std::list<Place*> held_;  // oldest first
  std::size_t unprivileged_ = 0;
  std::unordered_map<Holder, Share> shares_;
};

}  // namespace hlb
