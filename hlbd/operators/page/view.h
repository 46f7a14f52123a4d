// What of the page a client asks for. It stands in the page's address alone, so that a reload shows
// the same. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hlb::page {

struct View {
  std::string service;  // a name, or a pattern with * and ?; empty: all services
  bool down = false;    // only what is wrong
  bool refreshes = true;

  static View of_query(std::string_view query);

  // The link to the page as it is with this view: "/", "?service=app.test&down".
  std::string link() const;
  // Likewise, of the view that is the same but for one thing.
  std::string link_to_service(std::string_view name) const;
  std::string link_with_refresh(bool on) const;
};

}  // namespace hlb::page
