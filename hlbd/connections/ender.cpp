#include "connections/ender.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "helpers/packets.h"

namespace hlb::connections {
namespace {

constexpr const char* kName = "hlb-connections";
constexpr const char* kGone = "hlb-connections has gone";
constexpr const char* kHung = "hlb-connections does not answer";

std::string in_words(int error) {
  if (error == EOPNOTSUPP) return "this kernel can't end any: CONFIG_INET_DIAG_DESTROY is off";
  if (error == EPERM) return "hlb-connections lacks CAP_NET_ADMIN in this network namespace";
  return "can't end any: " + std::generic_category().message(error);
}

}  // namespace

void for_each_owner(std::span<const Owner> owners, std::span<const std::uint32_t> ended,
                    const std::function<void(const Owner& owner, std::uint32_t count)>& tell) {
  std::uint32_t count = 0;
  for (std::size_t index = 0; index < ended.size(); ++index) {
    count += ended[index];
    const bool last = index + 1 == ended.size() || owners[index + 1] != owners[index];
    if (last && count > 0) tell(owners[index], std::exchange(count, 0));
  }
}

Ender::Ender(boost::asio::any_io_executor executor, std::filesystem::path socket,
             OnTrouble on_trouble)
    : executor_(std::move(executor)),
      socket_(std::move(socket)),
      on_trouble_(std::move(on_trouble)),
      deadline_(executor_) {}

Ender::~Ender() {
  if (link_ != nullptr) link_->close();
}

void Ender::end(std::vector<Doomed> doomed, Reply reply) {
  resting_ = false;
  if (questions_.size() >= kMostWaiting) return reply(tl::unexpected(std::string(kHung)));
  questions_.push_back({{++last_id_, std::move(doomed)}, std::move(reply)});
  if (!asked_) ask_next();
}

void Ender::rest() {
  resting_ = true;
  tell("");
  if (questions_.empty()) let_go();
}

// The next helper may be started at once: this one has done nothing wrong.
void Ender::let_go() {
  if (link_ != nullptr) std::exchange(link_, nullptr)->close();
  next_start_ = {};
}

void Ender::ask_next() {
  if (questions_.empty()) {
    if (resting_) let_go();
    return;
  }
  if (const auto sent = send_first(); !sent) return fail(sent.error());
  asked_ = true;
  link_->listen(true);
  await_answer();
}

// Asks over a new connection if the one there was has ended unnoticed.
tl::expected<void, std::string> Ender::send_first() {
  const helpers::Bytes message = encode(questions_.front().request);
  if (link_ != nullptr && link_->send(message)) return {};
  if (link_ != nullptr) std::exchange(link_, nullptr)->close();
  if (const auto connected = connect(); !connected) return connected;
  if (!link_->send(message)) return tl::unexpected(std::string(kGone));
  return {};
}

tl::expected<void, std::string> Ender::connect() {
  auto socket = reach();
  if (!socket) return tl::unexpected(std::move(socket).error());
  auto link = helpers::HelperLink::over(
      executor_, *std::move(socket),
      {.packet = [this](std::span<const std::uint8_t> packet) { return answered(packet); },
       .end = scope_.guard([this] { fail(kGone); })},
      kName);
  if (!link) return tl::unexpected(std::move(link).error());
  link_ = *std::move(link);
  return {};
}

tl::expected<FileDescriptor, std::string> Ender::reach() {
  const auto why_not = [](const std::error_code& error) {
    return "can't reach hlb-connections: " + error.message();
  };
  if (!socket_.empty()) return helpers::connect_to(socket_).map_error(why_not);
  if (geteuid() != 0)
    return tl::unexpected(std::string("hlbd can start hlb-connections only as root"));
  if (Monotonic::now() < next_start_) return tl::unexpected(std::string(kGone));
  next_start_ = Monotonic::now() + kPause;
  return own_.start().map_error(why_not);
}

void Ender::await_answer() {
  deadline_.expires_after(kPatience);
  deadline_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error && asked_) fail(kHung);
  }));
}

// False if no helper says that.
bool Ender::answered(std::span<const std::uint8_t> packet) {
  const auto told = decode_reply(packet);
  if (!told || !asked_ || told->id != questions_.front().request.id ||
      told->ended.size() != questions_.front().request.doomed.size()) {
    return false;
  }
  asked_ = false;
  deadline_.cancel();
  link_->listen(false);
  const Question question = std::move(questions_.front());
  questions_.pop_front();
  const std::string trouble = told->error == 0 ? "" : in_words(told->error);
  tell(trouble);
  question.reply(trouble.empty() ? Ended(told->ended) : tl::unexpected(trouble));
  if (!asked_) ask_next();
  return true;
}

// Answers all who wait: who asks again later may have more luck.
void Ender::fail(const std::string& trouble) {
  asked_ = false;
  deadline_.cancel();
  if (link_ != nullptr) std::exchange(link_, nullptr)->close();
  tell(trouble);
  for (const Question& each : std::exchange(questions_, {}))
    each.reply(tl::unexpected(trouble));
}

void Ender::tell(const std::string& trouble) {
  if (resting_ && !trouble.empty()) return;
  if (std::exchange(told_, trouble) != trouble) on_trouble_(trouble);
}

}  // namespace hlb::connections
