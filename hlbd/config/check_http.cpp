// Checks of type = "http" and "https": the request.

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "config/check_type.h"
#include "text/ascii.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

// Whether it is a token of RFC 9110, 5.6.2: a request line or a header that has it can't be split.
bool is_token(std::string_view text) {
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, may_stand);
}

void read_method(const CheckTable& table, HttpCheck& http) {
  const std::string* method = table.keys.text("method");
  if (method == nullptr) return;
  if (!is_token(*method)) {
    return table.faults.add(
        table.keys.find("method")->at,
        text::must_be("method", R"(a method such as "GET" or "HEAD")", text::in_quotes(*method)));
  }
  http.method = *method;
}

void read_path(const CheckTable& table, HttpCheck& http) {
  const Value* value = table.keys.find("path");
  const std::string* path = table.keys.text("path");
  if (path == nullptr) return;
  if (!path->starts_with('/')) {
    return table.faults.add(value->at,
                            R"("path" must start with "/", not be )" + text::in_quotes(*path));
  }
  if (!std::ranges::all_of(*path, text::is_visible)) {
    return table.faults.add(value->at,
                            "\"path\" must have no spaces, control or non-ASCII characters; "
                            "write them as %20 and the like");
  }
  http.path = *path;
}

void read_host(const CheckTable& table, HttpCheck& http) {
  http.host = table.service;
  const Value* value = table.keys.find("host");
  const std::string* host = table.keys.text("host");
  if (host == nullptr) return;
  if (host->empty()) {
    return table.faults.add(value->at, "\"host\" is empty; leave it out for the service's name");
  }
  if (!std::ranges::all_of(*host, text::is_visible)) {
    return table.faults.add(
        value->at, "\"host\" must have no spaces, control or non-ASCII characters; remove them");
  }
  http.host = *host;
}

// Headers that frame the message or its connection, which the probe writes itself.
struct Reserved {
  std::string_view name;  // in lower case
  std::string_view hint;
};

constexpr std::array<Reserved, 4> kReserved = {{
    {"host", R"(is what "host" is for; use that key)"},
    {"content-length", "can't be set, since a check sends no body; remove it"},
    {"transfer-encoding", "can't be set, since a check sends no body; remove it"},
    {"connection", R"(is what "reuse" is for; use that key)"},
}};

// Why a check can't have such a header; empty when it can.
std::string header_name_fault(std::string_view name) {
  if (!is_token(name)) return "is no name of a header; use letters, digits and \"-\"";
  const auto* reserved = std::ranges::find_if(kReserved, [name](const Reserved& each) {
    return text::equal_but_for_case(name, each.name);
  });
  return reserved == kReserved.end() ? "" : std::string(reserved->hint);
}

void read_header(const Entry& entry, HttpCheck& http, Faults& faults) {
  if (const std::string fault = header_name_fault(entry.key); !fault.empty()) {
    return faults.add(entry.at, text::in_quotes(entry.key) + " " + fault);
  }
  const auto* text = std::get_if<std::string>(&entry.value.data);
  if (text == nullptr) {
    return faults.add(entry.value.at,
                      text::must_be(entry.key, "a string in quotes", kind_of(entry.value)));
  }
  if (std::ranges::any_of(*text, text::is_control)) {
    return faults.add(entry.value.at,
                      text::in_quotes(entry.key) + " must have no control characters; remove them");
  }
  http.headers.emplace_back(entry.key, *text);
}

void read_headers(const CheckTable& table, HttpCheck& http) {
  const Value* value = table.keys.find("headers");
  if (value == nullptr) return;
  if (value->as_table() == nullptr) {
    return table.faults.add(
        value->at,
        text::must_be("headers", R"(a table such as { Accept = "text/plain" })", kind_of(*value)));
  }
  for (const Entry& entry : *value->as_table())
    read_header(entry, http, table.faults);
}

}  // namespace

void read_http(const CheckTable& table, CheckSpec& check) {
  read_connection(table, check);
  HttpCheck http;
  read_method(table, http);
  read_path(table, http);
  read_host(table, http);
  read_headers(table, http);
  read_expectations(table, http);
  table.keys.boolean("reuse", http.reuse);
  check.method = std::move(http);
}

void read_https(const CheckTable& table, CheckSpec& check) {
  read_http(table, check);
  read_tls_keys(table, std::get<HttpCheck>(check.method).tls.emplace());
}

}  // namespace hlb::config
