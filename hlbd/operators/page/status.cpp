#include "operators/page/status.h"

#include <utility>
#include <vector>

#include "operators/status_json.h"

namespace hlb::page {
namespace {

constexpr std::size_t kBackendsAtOnce = 50;

// The object as text, to which more is to be added: without the brace at its end.
std::string opened(const Json& object) {
  std::string text = text_of(object);
  text.pop_back();
  return text;
}

}  // namespace

bool StatusText::add_part(std::string& text) {
  if (over_) return false;
  if (!std::exchange(begun_, true)) {
    begin(text);
  } else if (service_) {
    add_backends(text);
  } else if (!begin_service(text)) {
    text += "]}\n";
    over_ = true;
  }
  return true;
}

void StatusText::begin(std::string& text) {
  const bus::Identity& hlbd = sources_.identity;
  text += opened({{"hlbd", json_of_daemon(hlbd.version, hlbd.config_file, hlbd.started,
                                          sources_.directory.troubles())}});
  text += ",\"services\":[";
}

bool StatusText::begin_service(std::string& text) {
  const std::vector<ServiceReport> next = sources_.directory.services(next_service_, 1);
  if (next.empty()) return false;
  if (next_service_++ > 0) text += ',';
  text += opened(json_of(next.front())) + ",\"backends\":[";
  service_ = next.front().name;
  next_backend_ = 0;
  return true;
}

void StatusText::add_backends(std::string& text) {
  const auto some = sources_.directory.backends(*service_, next_backend_, kBackendsAtOnce);
  const std::size_t count = some ? some->size() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (next_backend_++ > 0) text += ',';
    text += text_of(json_of((*some)[i], sources_.name_of_user));
  }
  if (count == kBackendsAtOnce) return;
  text += "]}";
  service_.reset();
}

}  // namespace hlb::page
