#include "fleet/etcd/member_files.h"

#include <optional>
#include <utility>

#include "fleet/etcd/bell.h"
#include "system/deliver.h"
#include "tls/layer.h"

namespace hlb::fleet::etcd {

namespace asio = boost::asio;

struct MemberFiles::Known {
  void take(const tls::TlsLook& look) {
    fault = look.fault;
    if (look.settings == nullptr) return;
    settings = look.settings;
    read = look.stamps;
  }

  tls::TlsSettings settings;
  std::optional<tls::FileStamps> read;  // that the settings were made from
  std::string fault;                    // that the last look found
};

MemberFiles::MemberFiles(const asio::any_io_executor& loop, TlsSpec spec)
    : loop_(loop),
      spec_(std::move(spec)),
      known_(std::make_shared<Known>()),
      worker_(2, deliver_to(loop)) {}

asio::awaitable<MemberFiles::Found> MemberFiles::find(std::chrono::milliseconds limit) {
  const auto looked = std::make_shared<Bell>(loop_);
  const bool posted = worker_.post(
      [looked, known = known_, spec = spec_, before = known_->read]() -> Worker::Completion {
        return [looked, known, look = tls::look_at(spec, before, tls::TlsLayer::prepare)] {
          known->take(look);
          looked->ring();
        };
      });
  bool in_time = false;
  if (posted) in_time = co_await looked->wait(limit);
  if (known_->settings != nullptr) co_return known_->settings;
  co_return tl::make_unexpected(in_time ? known_->fault
                                        : "certificates can't be read at the moment");
}

}  // namespace hlb::fleet::etcd
