#include "ctl/import/toml.h"

#include <algorithm>

namespace hlb::ctl {

namespace {

constexpr std::size_t kPlacesShown = 10;

std::string to_text(const std::string& name) {
  return name;
}

std::string to_text(const Address& address) {
  return address.to_string();
}

template <typename T>
std::string array_of(const std::vector<T>& values) {
  std::string array = "[";
  for (const T& value : values) {
    if (array.size() > 1) array += ", ";
    array += toml_string(to_text(value));
  }
  return array + "]";
}

// The name of a file may be any bytes, and a comment must be UTF-8.
std::string in_ascii(std::string_view text) {
  std::string shown;
  for (const char c : text)
    shown += c >= 0x20 && c < 0x7f ? c : '?';
  return shown;
}

// "# /etc/dnsmasq.conf:3, 5, /etc/dnsmasq.d/more.conf:1"
std::string comment_of(const std::vector<Place>& places) {
  std::string comment = "#";
  const std::string* file = nullptr;
  for (std::size_t i = 0; i < std::min(places.size(), kPlacesShown); ++i) {
    const Place& place = places[i];
    comment += i == 0 ? " " : ", ";
    if (file == nullptr || *file != place.file) comment += in_ascii(place.file) + ":";
    comment += std::to_string(place.line);
    file = &place.file;
  }
  return comment + (places.size() > kPlacesShown ? " ...\n" : "\n");
}

std::string to_toml(const ImportedService& service) {
  std::string text = comment_of(service.places);
  text += "[[service]]\nname = " + toml_string(service.name) + "\n";
  if (!service.aliases.empty()) text += "aliases = " + array_of(service.aliases) + "\n";
  if (service.subdomains) text += "subdomains = true\n";
  text += "backends = " + array_of(service.backends) + "\n";
  if (!service.check.remark.empty()) text += "# " + service.check.remark + "\n";
  return text + "check = " + service.check.to_toml() + "\n";
}

}  // namespace

std::string to_toml(const std::vector<ImportedService>& services,
                    const std::vector<std::string>& remarks) {
  std::string text;
  for (const std::string& remark : remarks)
    text += "# " + remark + "\n";
  for (const ImportedService& service : services)
    text += "\n" + to_toml(service);
  return text;
}

}  // namespace hlb::ctl
