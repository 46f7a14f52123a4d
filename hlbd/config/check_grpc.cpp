// Checks of type = "grpc".

#include <algorithm>
#include <array>
#include <utility>

#include "config/check_type.h"
#include "text/ascii.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

constexpr std::size_t kMaxService = 255;
constexpr std::array<std::string_view, 5> kTlsKeys = {"server_name", "verify", "ca", "certificate",
                                                      "key"};

void read_service(const CheckTable& table, GrpcCheck& grpc) {
  const std::string* service = table.keys.text("service");
  if (service == nullptr) return;
  if (service->size() > kMaxService || !std::ranges::all_of(*service, text::is_visible)) {
    return table.faults.add(table.keys.find("service")->at,
                            "\"service\" must be at most " + std::to_string(kMaxService) +
                                " printable ASCII characters without spaces, the name of a "
                                "service such as \"app.v1.Orders\"");
  }
  grpc.service = *service;
}

void read_authority(const CheckTable& table, GrpcCheck& grpc) {
  grpc.authority = table.service;
  const std::string* authority = table.keys.text("authority");
  if (authority == nullptr) return;
  const Value* value = table.keys.find("authority");
  if (authority->empty()) {
    return table.faults.add(value->at,
                            "\"authority\" is empty; leave it out for the service's name");
  }
  if (!std::ranges::all_of(*authority, text::is_visible)) {
    return table.faults.add(
        value->at,
        "\"authority\" must have no spaces, control or non-ASCII characters; remove them");
  }
  grpc.authority = *authority;
}

void refuse_tls_keys(const CheckTable& table) {
  for (const std::string_view key : kTlsKeys) {
    if (const Value* value = table.keys.find(key)) {
      table.faults.add(value->at,
                       text::in_quotes(key) + " is of no use without TLS; add tls = true");
    }
  }
}

}  // namespace

void read_grpc(const CheckTable& table, CheckSpec& check) {
  read_connection(table, check);
  GrpcCheck grpc;
  read_service(table, grpc);
  read_authority(table, grpc);
  bool over_tls = false;
  table.keys.boolean("tls", over_tls);
  if (over_tls) {
    read_tls_keys(table, grpc.tls.emplace());
  } else {
    refuse_tls_keys(table);
  }
  check.method = std::move(grpc);
}

}  // namespace hlb::config
