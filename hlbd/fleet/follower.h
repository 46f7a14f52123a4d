// Follows the fleet: what its keys say comes into force on this host, beside what the host's own
// configuration says.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "engine/clock.h"
#include "fleet/catalog.h"
#include "fleet/engine.h"
#include "fleet/merge.h"
#include "fleet/mirror.h"
#include "fleet/snapshot_file.h"
#include "health/service.h"
#include "health/service_list.h"
#include "system/worker.h"

namespace hlb::fleet {

// Used by hlbd's loop alone.
class Follower final : private MirrorObserver {
 public:
  // How long a start waits for the engine, if nothing is known from before.
  static constexpr std::chrono::seconds kFirstRound{3};

  // What comes of what the fleet says. All are called from the loop.
  struct Effects {
    std::function<Services()> in_force;                  // the services that are
    std::function<void(Merged)> put_in_force;            // others
    std::function<void(const std::string&)> on_trouble;  // empty: all is well
    std::function<void(const Notice&)> on_notice;        // lines for the log
    std::function<void()> on_standing;                   // is another one: see standing()
    std::function<void(const std::string&)> on_unsaved;  // why no snapshot can be kept; empty: kept
  };

  // Makes a way to the engine out of the configuration.
  using MakeConnect = std::function<Connect(const FleetConfig&)>;

  // Reads the snapshot if `wait_for_disk`, as a start may. Clock and worker must outlive it.
  Follower(boost::asio::any_io_executor executor, Clock& clock, Worker& disk,
           std::filesystem::path state_folder, FleetConfig config, MakeConnect make_connect,
           Effects effects, bool wait_for_disk);

  // Begins to follow. Returns this host's own services with those that the fleet had before.
  Merged start(std::vector<ServiceSpec> own);

  // Takes over another configuration. Returns what is to be in force now.
  Merged configure(const FleetConfig& config, std::vector<ServiceSpec> own);

  // Whether the fleet's services are known, or there was time for that.
  bool first_round_over() const { return known() || first_round_over_; }

  // Whether what the fleet says is known for sure.
  bool is_fresh() const { return standing().state == MirrorStanding::State::fresh; }
  MirrorStanding standing() const { return mirror_->standing(); }
  std::vector<RefusedKey> refused() const { return catalog_.refused(); }
  const FleetConfig& config() const { return config_; }
  const Catalog& catalog() const { return catalog_; }
  const Mirror& mirror() const { return *mirror_; }

  // Saves what isn't saved yet, as hlbd ends.
  void save_now() { file_->write_now(); }

 private:
  void changed(std::span<const Change> changes, bool more) override;
  void standing_changed() override;
  void notice(const Notice& notice) override;

  SavedMirror load() const;
  void follow(SavedMirror before);
  bool known() const { return mirror_->position().revision > 0; }
  void take(std::span<const Change> changes);
  void take_anew();
  Merged merge();
  void tell_refused(std::span<const RefusedKey> news) const;
  void tell_trouble();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Worker& disk_;
  std::filesystem::path state_folder_;
  FleetConfig config_;
  MakeConnect make_connect_;
  Effects effects_;
  Catalog catalog_;
  Merge merge_;
  bool starting_ = true;  // what is told is returned by start()
  bool first_round_over_ = false;
  std::unique_ptr<Alarm> first_round_;
  std::string trouble_;
  std::optional<Mirror> mirror_;
  std::optional<SnapshotFile> file_;  // of the mirror
};

}  // namespace hlb::fleet
