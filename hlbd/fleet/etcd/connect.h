// Makes engines of the members of an etcd.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <string>

#include "fleet/engine.h"
#include "fleet/etcd/connection.h"

namespace hlb::fleet {

// PEM files; empty: the system's authorities, and no certificate of ours.
struct EtcdFiles {
  std::string ca;
  std::string certificate;
  std::string key;  // set if and only if `certificate` is
};

// Files and names are looked up by threads of its own, and the loop never waits for them; each
// connection is made from the files as they are then. The loop must outlive what is returned.
Connect connect_etcd(boost::asio::any_io_executor loop, const EtcdFiles& files,
                     etcd::EtcdPatience patience = {});

}  // namespace hlb::fleet
