// The page: what `hlbctl status` shows, for browsers, without a script. Nothing can be changed by
// it. It is made in parts of about a quarter of a millisecond.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "operators/bus/directory.h"
#include "operators/page/rows.h"
#include "operators/page/survey.h"
#include "operators/page/view.h"

namespace hlb::page {

struct Sources {
  const bus::Directory& directory;
  const bus::Identity& identity;
  std::string host;  // its name
  std::function<std::string(std::uint32_t user_id)> name_of_user;
};

// The policy that the page needs of browsers, as a header.
std::string content_security_policy();

// Used by hlbd's loop alone. What the sources refer to must outlive it.
class StatusPage {
 public:
  StatusPage(Sources sources, View view);

  // Appends the next part. Returns false when all is there.
  bool add_part(std::string& text);

 private:
  enum class Stage : std::uint8_t { survey, head, attention, healthy, events, folded, foot, over };

  void add_head(std::string& text) const;
  void add_header(std::string& text) const;
  void add_sums(std::string& text) const;
  void add_links(std::string& text) const;
  void begin_attention(std::string& text);
  void begin_healthy(std::string& text);
  bool add_services(std::string& text, Rank last);
  void add_service(std::string& text, const ShownService& service);
  void end_section(std::string& text, std::size_t size);
  void add_events(std::string& text) const;
  std::vector<Event> events() const;
  std::size_t attention() const;
  void go_to(Rank rank);

  Sources sources_;
  Survey survey_;
  RowSettings at_;
  Stage stage_ = Stage::survey;
  // Where it is among the services.
  std::size_t rank_ = 0;
  std::size_t service_ = 0;
  std::size_t backend_ = 0;
  bool begun_ = false;                                 // the section, or the service
  std::size_t rows_left_ = Survey::kMostBackends;      // on the page
  std::size_t services_left_ = Survey::kMostServices;  // likewise
  std::size_t services_shown_ = 0;                     // in the section
};

}  // namespace hlb::page
