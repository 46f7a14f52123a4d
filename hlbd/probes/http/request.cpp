// The request of the HTTP check.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "probes/http/head_text.h"
#include "probes/probes.h"

namespace hlb::probes {
namespace {

bool is_configured(const HttpCheck& check, std::string_view name) {
  return std::ranges::any_of(check.headers,
                             [&](const auto& header) { return is_same_name(header.first, name); });
}

// Writes the Host header: an IPv6 literal is bracketed; a host that names a port keeps it.
std::string host_header(const HttpCheck& check, std::uint16_t port) {
  const std::string& host = check.host;
  const auto colons = std::count(host.begin(), host.end(), ':');
  const bool bracketed = host.starts_with('[');
  const bool has_port = bracketed ? !host.ends_with(']') : colons == 1;
  if (has_port) return host;
  const std::string bare = colons > 1 && !bracketed ? "[" + host + "]" : host;
  return port == (check.tls ? 443 : 80) ? bare : bare + ":" + std::to_string(port);
}

// Whether to say that there is no body: some servers refuse a request that could have one and
// doesn't say so.
bool could_have_body(std::string_view method) {
  constexpr std::array<std::string_view, 3> kMethods = {"POST", "PUT", "PATCH"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

void append(std::string& request, std::string_view name, std::string_view value) {
  request.append(name).append(": ").append(value).append("\r\n");
}

void append_default(std::string& request, const HttpCheck& check, std::string_view name,
                    std::string_view value) {
  if (!is_configured(check, name)) append(request, name, value);
}

}  // namespace

std::string http_request(const HttpCheck& check, std::uint16_t port) {
  std::string request = check.method + " " + check.path + " HTTP/1.1\r\n";
  append(request, "Host", host_header(check, port));
  append_default(request, check, "User-Agent", "hlbd");
  append_default(request, check, "Accept", "*/*");
  if (could_have_body(check.method)) append_default(request, check, "Content-Length", "0");
  for (const auto& [name, value] : check.headers) {
    if (!is_same_name(name, "Host") && !is_same_name(name, "Connection"))
      append(request, name, value);
  }
  append(request, "Connection", check.reuse ? "keep-alive" : "close");
  return request + "\r\n";
}

}  // namespace hlb::probes
