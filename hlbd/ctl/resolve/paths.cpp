#include "ctl/resolve/paths.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "ctl/within.h"
#include "libnss_hlb/choose.h"
#include "libnss_hlb/clock.h"
#include "libnss_hlb/random.h"
#include "system/file_descriptor.h"
#include "system/last_error.h"
#include "text/address.h"

namespace hlb::ctl {
namespace {

std::string trouble_of(Availability availability) {
  switch (availability) {
    case Availability::none_healthy:
      return "none of its backends is healthy";
    case Availability::let_next:
      return "none of its backends is healthy; the next source is let to answer";
    case Availability::no_address:
      return "no address";
    case Availability::answerable:
      break;
  }
  return "";
}

// What lookups do once hlbd neither renews the table nor answers, by the table as they read it
// then.
std::string without_hlbd(table::Freshness freshness, bool vouched, Availability availability) {
  if (vouched) {
    const std::string trouble = trouble_of(availability);
    return "hlbd is gone: its last answers hold for max_stale" +
           (trouble.empty() ? "" : "; " + trouble);
  }
  const std::string text = freshness == table::Freshness::expired
                               ? "hlbd has been gone for longer than max_stale"
                               : "hlbd is gone, before it had checked these backends";
  switch (availability) {
    case Availability::answerable:
      return text + R"(: all are given (when_all_down = "all"))";
    case Availability::let_next:
      return text + R"(: the next source answers (when_all_down = "next"))";
    case Availability::no_address:
    case Availability::none_healthy:
      break;
  }
  return text + R"(: lookups fail (when_all_down = "fail"))";
}

std::vector<std::string> pick(const Choice& choice, const record::View& record, std::uint64_t now) {
  Random random(lookup_seed(now));
  std::vector<std::uint16_t> chosen(choice.most());
  chosen.resize(choice.choose(random, chosen));
  std::vector<std::string> addresses(chosen.size());
  std::ranges::transform(chosen, addresses.begin(), [&record](std::uint16_t index) {
    return address_of(record.backend(index));
  });
  return addresses;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::string text_of(const addrinfo& info) {
  char text[NI_MAXHOST] = "";
  ::getnameinfo(info.ai_addr, info.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

PathAnswer call_getaddrinfo(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // each address once
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0)
    return {{}, ::gai_strerror(error)};
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  PathAnswer answer;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    answer.addresses.push_back(text_of(*each));
  return answer;
}

bool module_is_loaded() {
  void* const module = ::dlopen("libnss_hlb.so.2", RTLD_LAZY | RTLD_NOLOAD);
  if (module != nullptr) ::dlclose(module);
  return module != nullptr;
}

}  // namespace

MappedTable::MappedTable(const std::filesystem::path& file) {
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!opened.valid() || ::fstat(opened.get(), &status) != 0) {
    trouble_ = file.string() + ": " + last_error().message();
  } else if (status.st_size > 0) {
    size_ = static_cast<std::size_t>(status.st_size);
    void* const start = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, opened.get(), 0);
    if (start != MAP_FAILED) start_ = start;
  }
  if (start_ != nullptr)
    view_ = table::View::over({static_cast<const std::uint8_t*>(start_), size_});
  if (trouble_.empty() && !view_.valid())
    trouble_ = file.string() + ": no table, or one of another version";
}

MappedTable::~MappedTable() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

std::string address_of(const record::Backend& backend) {
  const std::size_t size = backend.family() == record::Family::ipv4 ? 4 : 16;
  Address address = Address::of_bytes({backend.address(), size}).value();
  address.scope_id = backend.scope_id();
  return address.to_string();
}

TableAnswer ask_table(const MappedTable& table, const record::View& record) {
  const table::View& view = table.view();
  const auto none = [](std::string why) { return TableAnswer{{{}, std::move(why)}}; };
  if (!view.valid()) return none(table.trouble());
  if (!record.valid()) return none("no service has this name");
  const std::uint64_t now = read_clock(CLOCK_BOOTTIME);
  const table::Freshness freshness = view.freshness(now);
  const bool current = freshness == table::Freshness::current;
  TableAnswer answer;
  answer.asks_hlbd = current && record.undecided();
  if (answer.asks_hlbd) {
    answer.trouble = "hlbd is asked: the first checks aren't over, or a reload is too recent";
    return answer;
  }
  if (!current && view.retired()) {
    answer.trouble = "hlbd was removed: its names are left to the next source";
    answer.left_next = true;
    return answer;
  }
  answer.vouched = freshness != table::Freshness::expired && !record.undecided();
  const Choice choice(record, Asked::any, answer.vouched);
  answer.left_next = choice.availability() == Availability::let_next;
  answer.trouble = current ? trouble_of(choice.availability())
                           : without_hlbd(freshness, answer.vouched, choice.availability());
  if (choice.availability() == Availability::answerable)
    answer.addresses = pick(choice, record, now);
  return answer;
}

LibcAnswer ask_libc(const std::string& name, bool is_hlbs) {
  const auto answer = within(kAnswerLimit, [name] { return call_getaddrinfo(name); });
  if (!answer) return {{{}, "no answer within two seconds"}, false};
  return {*answer, is_hlbs && module_is_loaded()};
}

}  // namespace hlb::ctl
