// The names under which hlbd is reached over D-Bus, and the files of its runtime folder.
#pragma once

namespace hlb::bus {

// On the system bus (and on the peer socket, which has no bus names).
inline constexpr char kName[] = "org.hlb1";
inline constexpr char kPath[] = "/org/hlb1";
inline constexpr char kResolverInterface[] = "org.hlb1.Resolver";
inline constexpr char kManagerInterface[] = "org.hlb1.Manager";
inline constexpr char kServiceInterface[] = "org.hlb1.Service";
inline constexpr char kBackendInterface[] = "org.hlb1.Backend";

// On the peer socket only: Lookup(s name) → (ay record). One record (record.h) for the asked name.
// While the service has no first outcome, hlbd holds the reply back, at most until the first round
// of checks ends.
inline constexpr char kPeerInterface[] = "org.hlb1.Peer";
inline constexpr char kLookup[] = "Lookup";

inline constexpr char kNoSuchService[] = "org.hlb1.Error.NoSuchService";
inline constexpr char kNoHealthyBackend[] = "org.hlb1.Error.NoHealthyBackend";
inline constexpr char kNoSuchBackend[] = "org.hlb1.Error.NoSuchBackend";
inline constexpr char kInvalidConfig[] = "org.hlb1.Error.InvalidConfig";

// Files of hlbd's runtime folder.
inline constexpr char kTableFile[] = "table";
inline constexpr char kPeerSocket[] = "bus";
inline constexpr char kRootsPeerSocket[] = "bus.root";  // the same, for root alone

// Where programs look for them, whatever their environment says.
inline constexpr char kRuntimeFolder[] = "/run/hlb";
inline constexpr char kTablePath[] = "/run/hlb/table";
inline constexpr char kPeerSocketPath[] = "/run/hlb/bus";
inline constexpr char kRootsPeerSocketPath[] = "/run/hlb/bus.root";

}  // namespace hlb::bus
