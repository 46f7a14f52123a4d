// Rows of the page's tables. Each is a piece of HTML, safe whatever a backend or an operator said.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "operators/page/survey.h"
#include "operators/page/view.h"
#include "operators/report.h"

namespace hlb::page {

// What all rows of a page depend on.
struct RowSettings {
  View view;
  WallTime now;
  std::function<std::string(std::uint32_t user_id)> name_of_user;
};

std::string service_row(const ShownService& service, const RowSettings& at);
std::string backend_row(const BackendReport& backend, const ShownService& of,
                        const RowSettings& at);
// Says how many backends aren't shown: `more` others for want of room. Empty when all are.
std::string rest_row(const ShownService& service, std::size_t more, const RowSettings& at);
// A service on one line.
std::string folded_row(const ShownService& service, const RowSettings& at);
std::string event_row(const Event& event, const RowSettings& at);

}  // namespace hlb::page
