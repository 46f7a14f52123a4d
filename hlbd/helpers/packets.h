// Packets over a SOCK_SEQPACKET socket between hlbd and a helper, on both of its sides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <system_error>
#include <tl/expected.hpp>
#include <vector>

#include "system/file_descriptor.h"

namespace hlb::helpers {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t kMaxPacket = 65'536;  // bytes
using PacketSpace = std::array<std::uint8_t, kMaxPacket>;

enum class NoPacket {
  yet,   // it may still come
  ever,  // the other side has gone, or has sent what is too long
};

// Takes the next packet without waiting for one. It lies in `space`. Descriptors that are sent
// along are dropped.
tl::expected<std::span<const std::uint8_t>, NoPacket> receive(int socket, PacketSpace& space);

enum class Sent {
  whole,
  later,  // the other side must read first
  never,  // the other side has gone
};

// Sends without waiting, and without SIGPIPE.
Sent send(int socket, const Bytes& packet);

// Connects to a helper that listens at this path, without waiting.
tl::expected<FileDescriptor, std::error_code> connect_to(const std::filesystem::path& path);

}  // namespace hlb::helpers
