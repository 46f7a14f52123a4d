// Packing chosen backends into the caller's buffer, in the two forms that glibc asks for.
//
// The space an answer needs is worked out, and compared with the buffer, before anything is picked
// or written (nss/getXXbyYY_r.c calls again with a larger buffer on ERANGE). Neither function
// writes outside of `buffer`, which may be of any size and alignment.
#pragma once

#include <netdb.h>
#include <nss.h>

#include <span>
#include <string_view>

#include "libnss_hlb/choose.h"

namespace hlb {

// The parts of an answer. `canonical` and `asked` are copied into the buffer.
struct Answer {
  const record::View& record;
  const Choice& choice;
  std::string_view canonical;
  std::string_view asked;
  Random& random;
};

// A chain of address tuples, for gethostbyname4_r. nullptr: `buffer` is too small.
gaih_addrtuple* pack_tuples(const Answer& answer, std::span<char> buffer);

// A host entry of `family` (AF_INET or AF_INET6, for which `answer.choice` was made), for
// the other three. A name asked that isn't the canonical one is its only alias. False: `buffer` is
// too small, and `host` is as it was.
bool pack_host(const Answer& answer, int family, std::span<char> buffer, hostent& host);

}  // namespace hlb
