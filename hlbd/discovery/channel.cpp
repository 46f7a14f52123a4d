#include "discovery/channel.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <span>
#include <utility>

#include "discovery/reply.h"

namespace hlb::discovery {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

// The option that switches off c-ares' own cache, which it has since 1.31: NameWatch decides when
// to ask again.
#ifdef ARES_OPT_QUERY_CACHE
constexpr int kOwnCache = ARES_OPT_QUERY_CACHE;
#else
constexpr int kOwnCache = 0;
#endif

int query_type(RecordType type) {
  if (type == RecordType::a) return ns_t_a;
  return type == RecordType::aaaa ? ns_t_aaaa : ns_t_srv;
}

DnsAnswer read_result(RecordType type, int status, std::span<const std::uint8_t> message) {
  if (status == ARES_SUCCESS) return read_reply(type, message);
  if (status == ARES_ENODATA) return DnsAnswer::none("there are no such records");
  if (status == ARES_ENOTFOUND) return DnsAnswer::none("there is no such name");
  return DnsAnswer::failure(ares_strerror(status));
}

}  // namespace

struct Channel::Socket {
  struct Wait {
    stream_descriptor::wait_type type;
    bool wanted = false;
    bool under_way = false;
  };

  Wait& wait(Direction direction) { return direction == Direction::read ? read : write; }

  stream_descriptor descriptor;  // c-ares opens and closes it
  Wait read{stream_descriptor::wait_read};
  Wait write{stream_descriptor::wait_write};
  bool closed = false;
};

struct Channel::Asked {
  RecordType type;
  Taker taker;
  asio::any_io_executor executor;
};

// Stays where it is, as c-ares keeps its address.
struct Channel::Setup {
  Setup() = default;
  ~Setup() { end(); }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  void end() {
    if (channel != nullptr) ares_destroy(std::exchange(channel, nullptr));
  }

  ares_channeldata* channel = nullptr;
  int status = ARES_SUCCESS;  // why there is no channel
  Channel* user = nullptr;    // watches its sockets
};

std::shared_ptr<Channel::Setup> Channel::set_up(ResolverSettings settings) {
  auto setup = std::make_shared<Setup>();
  std::string dns_alone = "b";
  ares_options options{};
  options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = static_cast<int>(settings.timeout.count());
  options.tries = settings.tries;
  options.udp_port = settings.port;
  options.tcp_port = settings.port;
  options.lookups = dns_alone.data();
  options.resolvconf_path = settings.resolv_conf.data();
  options.sock_state_cb = &Channel::take_state;
  options.sock_state_cb_data = setup.get();
  constexpr int kMask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                        ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT | ARES_OPT_RESOLVCONF |
                        ARES_OPT_SOCK_STATE_CB | kOwnCache;
  setup->status = ares_init_options(&setup->channel, &options, kMask);
  return setup;
}

Channel::Channel(asio::any_io_executor executor, std::shared_ptr<Setup> setup)
    : executor_(std::move(executor)), setup_(std::move(setup)), timer_(executor_) {
  setup_->user = this;
}

Channel::~Channel() {
  setup_->end();
  for (const auto& [fd, socket] : sockets_)
    socket->descriptor.release();
}

void Channel::ask(const DnsQuestion& question, Taker taker) {
  auto asked = std::make_unique<Asked>(Asked{question.type, std::move(taker), executor_});
  if (setup_->channel == nullptr) {
    return take_reply(asked.release(), setup_->status, 0, nullptr, 0);
  }
  ares_query(setup_->channel, question.name.c_str(), ns_c_in, query_type(question.type),
             &Channel::take_reply, asked.release());
  set_timer();
}

// Called by c-ares, of which nothing may be asked within this call: so the answer goes through the
// loop.
void Channel::take_reply(void* argument, int status, int /*timeouts*/, unsigned char* bytes,
                         int size) {
  const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
  if (status == ARES_EDESTRUCTION) return;
  const std::span message(bytes, static_cast<std::size_t>(size));
  asio::post(asked->executor, [taker = std::move(asked->taker),
                               answer = read_result(asked->type, status, message)]() mutable {
    taker(std::move(answer));
  });
}

void Channel::take_state(void* setup, int fd, int readable, int writable) {
  static_cast<Setup*>(setup)->user->watch(fd, readable != 0, writable != 0);
}

// Watches a socket for c-ares. A socket to be watched for neither is closed by c-ares next.
void Channel::watch(int fd, bool readable, bool writable) {
  std::shared_ptr<Socket>& socket = sockets_[fd];
  if (!readable && !writable) {
    if (socket) {
      socket->closed = true;
      socket->descriptor.release();
    }
    sockets_.erase(fd);
    return;
  }
  if (!socket) {
    socket = std::make_shared<Socket>(Socket{.descriptor = stream_descriptor(executor_)});
    error_code error;
    socket->descriptor.assign(fd, error);
    if (error) return;  // nobody watches it, so questions over it time out
  }
  socket->read.wanted = readable;
  socket->write.wanted = writable;
  await(socket, Direction::read);
  await(socket, Direction::write);
}

void Channel::await(const std::shared_ptr<Socket>& socket, Direction direction) {
  Socket::Wait& wait = socket->wait(direction);
  if (!wait.wanted || wait.under_way || socket->closed) return;
  wait.under_way = true;
  auto go_on = [this, socket, direction](const error_code& error) {
    if (error || socket->closed) return;
    const int fd = socket->descriptor.native_handle();
    Socket::Wait& over = socket->wait(direction);
    over.under_way = false;
    if (over.wanted) {
      direction == Direction::read ? process(fd, ARES_SOCKET_BAD) : process(ARES_SOCKET_BAD, fd);
    }
    await(socket, direction);
  };
  socket->descriptor.async_wait(wait.type, scope_.guard(std::move(go_on)));
}

void Channel::process(int read, int write) {
  ares_process_fd(setup_->channel, read, write);
  set_timer();
}

void Channel::set_timer() {
  timeval storage{};
  const timeval* wait = ares_timeout(setup_->channel, nullptr, &storage);
  timer_.cancel();
  if (wait == nullptr) return;
  timer_.expires_after(std::chrono::seconds(wait->tv_sec) +
                       std::chrono::microseconds(wait->tv_usec));
  timer_.async_wait(scope_.guard([this](const error_code& error) {
    if (!error) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }));
}

}  // namespace hlb::discovery
