// Whether glibc asks hlb, and asks it soon enough: the hosts line of /etc/nsswitch.conf.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/nsswitch.h"

namespace hlb::ctl::doctor {

inline constexpr char kNsswitchFile[] = "/etc/nsswitch.conf";

// The sources that glibc asks for hosts, in their order.
class SourceOrder {
 public:
  explicit SourceOrder(const Host& machine) : file_(machine.read(kNsswitchFile)) {
    if (file_) nsswitch_ = Nsswitch::parse(*file_);
  }

  // Whatever keeps glibc from asking hlb, or from asking it in time; none when the line is right.
  Findings findings() const;

  // Whether `source` is asked before hlb, or hlb isn't asked at all.
  bool asks_before_hlb(std::string_view source) const;

  // The order as it would be with hlb in its place: "hosts: files hlb dns".
  std::string mended() const;

 private:
  Findings of_line(const HostsLine& hosts) const;
  Findings of_place(const HostsLine& hosts, std::size_t hlb) const;
  Findings of_actions(const HostsLine& hosts, std::size_t hlb) const;

  tl::expected<std::string, std::error_code> file_;
  Nsswitch nsswitch_;
};

}  // namespace hlb::ctl::doctor
