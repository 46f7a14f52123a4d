// The kinds of probes, by the method of their check. Every target must outlive its probe and hold
// the method that the name tells.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "probes/file/watched_file.h"
#include "probes/icmp/pinger.h"
#include "probes/kept_watch.h"
#include "probes/pattern.h"
#include "probes/probe.h"
#include "probes/target.h"
#include "probes/tls/peer.h"
#include "programs/runner.h"

namespace hlb::probes {

// Connects, says and listens for what the check asks for, up to 16 KiB, and closes with RST, so
// that neither side is left with TIME_WAIT.
std::unique_ptr<Probe> tcp_probe(const Target& target);

// Asks over HTTP/1.1, and follows no redirects. Closes as tcp_probe(). `request` is the check's, as
// http_request() makes it, which many backends may share; `pattern` is its expect_body, nullptr if
// that is empty; `tls` is nullptr unless the check is one of https. A body that has what is
// expected passes, whatever becomes of the rest of it. With `reuse` the connection is kept for the
// next attempt if the reply passed and was read to its end, so the probe must go before its loop
// does; when a kept connection proves to be dead, the attempt goes on over a fresh one. Between
// attempts it is in the set of `kept_watch`, which outlives the probe; nullptr: in none.
std::unique_ptr<Probe> http_probe(const Target& target, std::shared_ptr<const std::string> request,
                                  std::shared_ptr<const Pattern> pattern,
                                  std::unique_ptr<TlsPeer> tls, KeptWatch* kept_watch = nullptr);

// The request of an http_probe(), serialised once. The Host header names the port unless it is 80,
// or 443 for https, or the check's host names one itself. The check's headers take the place of
// those sent by default, except that Host and Connection among them are left out. The method, the
// path, the host and the headers must be fit for a request as they are, without line breaks above
// all.
std::string http_request(const HttpCheck& check, std::uint16_t port);

// Shakes hands over TLS, verifies, and judges how long the certificate is still valid. Never
// resumes a session, since that would hide the certificate.
std::unique_ptr<Probe> tls_probe(const Target& target, std::shared_ptr<TlsClient> client);

// Calls grpc.health.v1.Health/Check over a fresh connection: SERVING passes, and everything else is
// a hard failure. `tls` is nullptr for HTTP/2 over plain TCP, with prior knowledge. Closes as
// tcp_probe().
std::unique_ptr<Probe> grpc_probe(const Target& target, std::unique_ptr<TlsPeer> tls);

// Sends an echo request over sockets that all such probes share, and waits for the reply. ICMP
// errors are hard failures. No attempt may begin after the caller has let go of `pinger`.
std::unique_ptr<Probe> icmp_probe(const Target& target, const std::shared_ptr<Pinger>& pinger);

// Runs the check's program: exit code 0 passes, the check's warning_status passes with a warning,
// any other and a death by signal is a hard failure, and the first line of its output is the
// reason. It is told of the backend by HLB_ADDRESS, HLB_PORT and HLB_SERVICE, beside which there is
// only PATH. All that it has left running is killed when it ends, or its time is up. Unknown if it
// can't be run for want of the helper. No attempt may begin after the caller has let go of
// `client`.
std::unique_ptr<Probe> exec_probe(const Target& target,
                                  const std::shared_ptr<programs::Runner>& client);

// Says what the file says of the backend; see backend_file.h. Unknown if the file can't be read, is
// older than the check's max_age, or has no line of the backend or one with a fault; with
// fails_when_old it fails if it is older, or has gone for so long. `file` is of the check's path.
std::unique_ptr<Probe> file_probe(const Target& target, std::shared_ptr<WatchedFile> file);

// Connects, sends what the check says, and takes the first line of the answer for the backend's
// word, see statement.h. An agent abstains if it can't be asked, or speaks of neither up nor down.
// Closes as tcp_probe().
std::unique_ptr<Probe> agent_probe(const Target& target);

// Adds to `probe` how late hlbd itself was, finely enough for a pass that may take `max_latency`.
std::unique_ptr<Probe> measured(std::unique_ptr<Probe> probe,
                                std::chrono::milliseconds max_latency);

}  // namespace hlb::probes
