// Makes the probes of all checks, and owns what they share.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probes/file/folder_workers.h"
#include "probes/file/watched_file.h"
#include "probes/kept_watch.h"
#include "probes/pattern.h"
#include "probes/probe.h"
#include "probes/target.h"
#include "probes/tls/client.h"
#include "probes/tls/peer.h"
#include "programs/runner.h"

namespace hlb::probes {

class Pinger;

// Used by hlbd's loop alone. Outlives its probes.
class Prober {
 public:
  // `on_file_change` is called from the loop when the file of a file check has changed: backends
  // whose lines differ are to be probed at once. `programs` says how programs are run. For
  // `on_kept_ended` see KeptWatch.
  explicit Prober(boost::asio::any_io_executor executor, OnFileChange on_file_change = {},
                  programs::HelperSettings programs = {}, OnKeptEnded on_kept_ended = {});
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // `target` must outlive the probe.
  std::unique_ptr<Probe> make(const Target& target);

  // The runner of exec checks' programs, for whoever else has some to run.
  const std::shared_ptr<programs::Runner>& program_runner();

 private:
  std::unique_ptr<Probe> make_plain(const Target& target);
  // The request, shared by backends in a row that are asked alike.
  const std::shared_ptr<const std::string>& request_of(const HttpCheck& check, std::uint16_t port);
  // Makes a TlsPeer, whose constructor says what of; nullptr where the check wants no TLS. `spec`
  // must outlive it.
  std::unique_ptr<TlsPeer> tls_peer(const std::optional<TlsSpec>& spec, std::string_view protocol);
  const std::shared_ptr<Pinger>& pinger();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<const std::string> request_;  // the last that was made
  Patterns patterns_;
  FolderWorkers workers_;
  TlsClients tls_clients_;
  programs::HelperSettings program_settings_;
  // Made when first needed, and outlived by what is in flight.
  std::shared_ptr<programs::Runner> program_runner_;
  std::shared_ptr<Pinger> pinger_;
  std::shared_ptr<WatchedFiles> files_;
  KeptWatch kept_watch_;
};

}  // namespace hlb::probes
