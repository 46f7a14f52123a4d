// The peer socket's connections, when it goes before them.
#include "publish/peer_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libnss_hlb/bus.h"
#include "tests/unit/folder.h"

namespace hlb::publish {
namespace {

using namespace std::chrono_literals;

class PeerSocketTest : public testing::Test {
 protected:
  FileDescriptor connected(const char* name) const {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    folder_.file(name).copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  static bool has_ended(const FileDescriptor& socket) {
    char byte = 0;
    return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

  void run() {
    loop_.restart();
    loop_.run_for(50ms);
  }

  Folder folder_;
  boost::asio::io_context loop_{1};
  std::optional<PeerSocket> peers_{std::in_place, loop_.get_executor(), folder_.path(),
                                   [](const Name&) { return record::View(); }};
};

TEST_F(PeerSocketTest, EndsItsConnectionsWhenItGoes) {
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 20; ++i)
    clients.push_back(connected(bus::kPeerSocket));
  run();
  boost::asio::post(loop_, [&] { peers_.reset(); });
  run();
  for (const FileDescriptor& client : clients)
    EXPECT_TRUE(has_ended(client));
  EXPECT_TRUE(loop_.stopped());
  EXPECT_FALSE(std::filesystem::exists(folder_.file(bus::kPeerSocket)));
}

TEST_F(PeerSocketTest, GoesBeforeItHasTakenAny) {
  const FileDescriptor client = connected(bus::kPeerSocket);
  peers_.reset();
  run();
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(PeerSocketTest, EndsWhoseClientStaysForLong) {
  const FileDescriptor client = connected(bus::kPeerSocket);
  loop_.run_for(1s);
  EXPECT_FALSE(has_ended(client));
  loop_.run_for(3s);
  EXPECT_TRUE(has_ended(client));
}

}  // namespace
}  // namespace hlb::publish
