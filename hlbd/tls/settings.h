// OpenSSL's settings for connections to servers, and the files that they are made from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "health/check_spec.h"
#include "system/file_stamp.h"

struct ssl_ctx_st;  // OpenSSL's, known in tls/ alone

namespace hlb::tls {

using TlsSettings = std::shared_ptr<ssl_ctx_st>;
using FileStamps = std::vector<std::optional<FileStamp>>;  // unset: it can't be looked at

// Has OpenSSL report to whoever makes connections from these settings.
using Prepare = void (*)(ssl_ctx_st& settings);

// A look at the files of a TlsSpec.
struct TlsLook {
  FileStamps stamps;     // from before they were read
  TlsSettings settings;  // nullptr: the files are as they were, or there is a fault
  std::string fault;     // the file that can't be used, and why
};

// To be called before anything else uses OpenSSL: it isn't cleaned up when the process exits. A
// worker, which nobody waits for, may still be reading files with it.
void keep_openssl_at_exit();

// The files that settings are made from. Without a `ca` the system's are among them: a file, and
// folders.
std::vector<std::string> files_of(const TlsSpec& spec);

// Makes settings from these files, unless they are all as in `before`. All that connections will
// need is read now, and they open no file. May have to wait for the files' disks: a worker's job,
// in any thread.
TlsLook look_at(const TlsSpec& spec, const std::optional<FileStamps>& before, Prepare prepare);

}  // namespace hlb::tls
