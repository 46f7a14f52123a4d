#include "libnss_hlb/pack.h"

#include <sys/socket.h>

#include <cstring>

namespace hlb {
namespace {

// Hands out the buffer piece by piece. It may run out: then nothing is to be written. Addresses are
// integers here, since a pointer past the buffer may not even be computed; and what was handed out
// is counted, since a sum of addresses may wrap around (the stack of a 32-bit program ends at
// 2^32).
class Space {
 public:
  explicit Space(std::span<char> buffer)
      : start_(reinterpret_cast<std::uintptr_t>(buffer.data())), size_(buffer.size()) {}

  template <class T>
  T* take(std::size_t count) {
    used_ += (alignof(T) - (start_ + used_) % alignof(T)) % alignof(T);
    const std::uintptr_t piece = start_ + used_;
    used_ += count * sizeof(T);
    return reinterpret_cast<T*>(piece);  // NOLINT(performance-no-int-to-ptr)
  }

  bool enough() const { return used_ <= size_; }

 private:
  std::uintptr_t start_;
  std::size_t size_;
  std::size_t used_ = 0;
};

char* copy_text(char* target, std::string_view text) {
  std::memcpy(target, text.data(), text.size());
  target[text.size()] = '\0';
  return target;
}

std::size_t address_length(int family) {
  return family == AF_INET ? 4 : 16;
}

void fill_tuple(gaih_addrtuple& tuple, const record::Backend& backend, char* name) {
  const bool ipv4 = backend.family() == record::Family::ipv4;
  tuple = {};
  tuple.name = name;
  tuple.family = ipv4 ? AF_INET : AF_INET6;
  tuple.scopeid = backend.scope_id();
  std::memcpy(tuple.addr, backend.address(), address_length(tuple.family));
}

}  // namespace

gaih_addrtuple* pack_tuples(const Answer& answer, std::span<char> buffer) {
  const std::uint32_t most = answer.choice.most();
  Space space(buffer);
  auto* tuples = space.take<gaih_addrtuple>(most);
  char* name = space.take<char>(answer.canonical.size() + 1);
  auto* chosen = space.take<std::uint16_t>(most);
  if (!space.enough()) return nullptr;

  copy_text(name, answer.canonical);
  const std::uint32_t count = answer.choice.choose(answer.random, {chosen, most});
  for (std::uint32_t i = 0; i < count; ++i) {
    fill_tuple(tuples[i], answer.record.backend(chosen[i]), name);
    if (i > 0) tuples[i - 1].next = &tuples[i];
  }
  return tuples;
}

bool pack_host(const Answer& answer, int family, std::span<char> buffer, hostent& host) {
  const std::uint32_t most = answer.choice.most();
  const std::size_t length = address_length(family);
  const bool by_alias = answer.asked != answer.canonical;
  Space space(buffer);
  auto** list = space.take<char*>(most + 1);
  auto** aliases = space.take<char*>(2);
  auto* addresses = reinterpret_cast<char*>(space.take<std::uint32_t>(most * length / 4));
  char* name = space.take<char>(answer.canonical.size() + 1);
  char* alias = space.take<char>(by_alias ? answer.asked.size() + 1 : 0);
  auto* chosen = space.take<std::uint16_t>(most);
  if (!space.enough()) return false;

  const std::uint32_t count = answer.choice.choose(answer.random, {chosen, most});
  for (std::uint32_t i = 0; i < count; ++i) {
    list[i] = addresses + i * length;
    std::memcpy(list[i], answer.record.backend(chosen[i]).address(), length);
  }
  list[count] = nullptr;
  aliases[0] = by_alias ? copy_text(alias, answer.asked) : nullptr;
  aliases[1] = nullptr;
  host = {copy_text(name, answer.canonical), aliases, family, static_cast<int>(length), list};
  return true;
}

}  // namespace hlb
