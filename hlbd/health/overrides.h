// The overrides in force. Pure: the caller brings the time.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "health/override.h"
#include "text/address.h"

namespace hlb {

// Each is of a backend, which needs not exist: a backend that a reload removes and brings back is
// still overridden.
class Overrides {
 public:
  using TimePoint = Override::TimePoint;

  struct Key {
    std::string service;
    Address backend;

    friend auto operator<=>(const Key&, const Key&) = default;
  };

  // The backend's override in force; nullptr if there is none.
  const Override* find(std::string_view service, const Address& backend) const;
  std::optional<OverrideKind> kind_of(std::string_view service, const Address& backend) const;

  // Puts an override in force; returns the override that it replaces.
  std::optional<Override> set(const Key& key, Override override);
  std::optional<Override> clear(const Key& key);

  // The backends whose override's time is over by `now`.
  std::vector<Key> due(TimePoint now) const;
  // The time when the next override ends; nullopt if none does.
  std::optional<TimePoint> next_end() const;

  const auto& all() const { return overrides_; }

 private:
  // Orders without a copy of the name.
  struct Less {
    using is_transparent = void;
    using View = std::pair<std::string_view, const Address&>;
    static auto tie(const Key& key) {
      return std::tuple<std::string_view, const Address&>(key.service, key.backend);
    }
    static auto tie(const View& key) {
      return std::tuple<std::string_view, const Address&>(key.first, key.second);
    }
    template <typename One, typename Other>
    bool operator()(const One& one, const Other& other) const {
      return tie(one) < tie(other);
    }
  };

  std::map<Key, Override, Less> overrides_;
};

}  // namespace hlb
