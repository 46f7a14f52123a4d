// What glibc calls (nss(5); the prototypes are those of nss/nss_files/files-hosts.c and of
// sysdeps/posix/getaddrinfo.c). Each entry point: look the name up, pack the answer, report.
#include <netdb.h>
#include <nss.h>
#include <sys/socket.h>

#include <cerrno>

#include "libnss_hlb/lookup.h"
#include "libnss_hlb/pack.h"

// hlbd exports this. Inside of hlbd the module answers nothing: hlbd asking itself would wait for
// itself.
extern "C" __attribute__((weak)) const char hlb_process_is_hlbd;

namespace hlb {
namespace {

// What glibc and the application are told.
struct Report {
  nss_status status;
  int error;
  int host_error;
};

// With RETURN glibc asks no further source, whatever nsswitch.conf says; with UNAVAIL it does, also
// after "[!UNAVAIL=return]".
constexpr Report kAnswered = {NSS_STATUS_SUCCESS, 0, 0};
constexpr Report kNotOurs = {NSS_STATUS_UNAVAIL, ENOENT, NO_RECOVERY};
constexpr Report kNoAddress = {NSS_STATUS_RETURN, ENOENT, NO_DATA};
constexpr Report kNoneHealthy = {NSS_STATUS_RETURN, EAGAIN, TRY_AGAIN};
constexpr Report kTryAgain = kNoneHealthy;
constexpr Report kTooSmall = {NSS_STATUS_TRYAGAIN, ERANGE, NETDB_INTERNAL};
constexpr Report kWrongFamily = {NSS_STATUS_UNAVAIL, EAFNOSUPPORT, NO_RECOVERY};

// Why there is nothing to pack, as far as that is known before packing.
Report report(Availability availability) {
  switch (availability) {
    case Availability::no_address:
      return kNoAddress;
    case Availability::none_healthy:
      return kNoneHealthy;
    case Availability::let_next:
      return kNotOurs;
    case Availability::answerable:
    default:
      return kAnswered;
  }
}

bool is_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() + 1 && name.ends_with(parent) &&
         name[name.size() - parent.size() - 1] == '.';
}

// A subdomain's canonical name is itself; an alias's is the service's own.
std::string_view canonical_name(const Name& asked, const record::View& record) {
  return is_below(asked.text(), record.name()) ? asked.text() : record.name();
}

// `pack(answer)` writes the answer; false when the caller's buffer is too small.
template <class Pack>
Report answer_from(Lookup& lookup, const Name& name, Pack pack) {
  const Lookup::Found found = lookup.find();
  if (found == Lookup::Found::foreign) return kNotOurs;
  if (found == Lookup::Found::unknown) return kTryAgain;
  Choice& choice = lookup.choice();
  if (choice.availability() != Availability::answerable) return report(choice.availability());
  if (choice.counts_on_sort() && !lookup.shares_network_with_hlbd()) choice.pick_alone();
  Random random(lookup_seed(lookup.now_ns()));
  const std::string_view canonical = canonical_name(name, lookup.record());
  return pack(Answer{lookup.record(), choice, canonical, name.text(), random}) ? kAnswered
                                                                               : kTooSmall;
}

template <class Pack>
Report answer(const char* asked, Asked family, Pack pack) {
  const Name name(asked);
  if (!name.plausible() || &hlb_process_is_hlbd != nullptr) return kNotOurs;
  Lookup lookup(name, family);
  Report report = answer_from(lookup, name, pack);
  while (!lookup.stands())
    report = answer_from(lookup, name, pack);
  return report;
}

// Runs a lookup and tells glibc what came of it; on success `errno` is left as it was.
template <class Run>
nss_status tell(int* error, int* host_error, Run run) {
  const int errno_before = errno;
  const Report report = run();
  errno = report.status == NSS_STATUS_SUCCESS ? errno_before : report.error;
  if (report.status != NSS_STATUS_SUCCESS) *error = report.error;
  *host_error = report.host_error;
  return report.status;
}

Report answer_host(const char* name, int family, hostent* host, std::span<char> buffer) {
  if (family != AF_INET && family != AF_INET6) return kWrongFamily;
  const Asked asked = family == AF_INET ? Asked::ipv4 : Asked::ipv6;
  return answer(name, asked,
                [&](const Answer& found) { return pack_host(found, family, buffer, *host); });
}

// The three entry points that fill a host entry.
nss_status look_up_host(const char* name, int family, hostent* host, std::span<char> buffer,
                        int* error, int* host_error) {
  return tell(error, host_error, [&] { return answer_host(name, family, host, buffer); });
}

}  // namespace
}  // namespace hlb

#pragma GCC visibility push(default)
// NOLINTBEGIN(readability-identifier-naming): glibc names them.
extern "C" {

nss_status _nss_hlb_gethostbyname4_r(const char* name, gaih_addrtuple** tuples, char* buffer,
                                     size_t size, int* error, int* host_error, int32_t* ttl) {
  return hlb::tell(error, host_error, [&] {
    return hlb::answer(name, hlb::Asked::any, [&](const hlb::Answer& found) {
      gaih_addrtuple* first = hlb::pack_tuples(found, {buffer, size});
      if (first == nullptr) return false;
      // nscd brings a tuple of its own and wants the first one there.
      if (*tuples != nullptr) {
        **tuples = *first;
      } else {
        *tuples = first;
      }
      if (ttl != nullptr) *ttl = 0;  // nscd is not to hold on to it
      return true;
    });
  });
}

nss_status _nss_hlb_gethostbyname3_r(const char* name, int family, hostent* host, char* buffer,
                                     size_t size, int* error, int* host_error, int32_t* ttl,
                                     char** canonical) {
  const nss_status status =
      hlb::look_up_host(name, family, host, {buffer, size}, error, host_error);
  if (status != NSS_STATUS_SUCCESS) return status;
  if (ttl != nullptr) *ttl = 0;
  if (canonical != nullptr) *canonical = host->h_name;
  return status;
}

nss_status _nss_hlb_gethostbyname2_r(const char* name, int family, hostent* host, char* buffer,
                                     size_t size, int* error, int* host_error) {
  return hlb::look_up_host(name, family, host, {buffer, size}, error, host_error);
}

nss_status _nss_hlb_gethostbyname_r(const char* name, hostent* host, char* buffer, size_t size,
                                    int* error, int* host_error) {
  return hlb::look_up_host(name, AF_INET, host, {buffer, size}, error, host_error);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
#pragma GCC visibility pop
