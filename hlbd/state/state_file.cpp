#include "state/state_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/error_code.hpp>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include "state/host.h"

namespace hlb {
namespace {

using publish::FileDescriptor;

constexpr off_t kMaxSize = off_t{64} << 20U;  // of about 600,000 backends

std::string why() {
  return std::generic_category().message(errno);
}

// ---- reading -----------------------------------------------------------------------------------

// Why what was opened can't be read; empty if it can be.
std::string fault_of(const FileDescriptor& file) {
  struct stat status {};
  if (!file.valid() || fstat(file.get(), &status) != 0) return "can't be read: " + why();
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  if (status.st_size > kMaxSize) return "is larger than 64 MiB";
  return "";
}

// Up to kMaxSize, whatever the file grows to meanwhile.
std::variant<std::string, Unusable> read_all(const FileDescriptor& file) {
  std::string text;
  std::string space(std::size_t{1} << 16U, '\0');
  while (text.size() <= static_cast<std::size_t>(kMaxSize)) {
    const ssize_t count = read(file.get(), space.data(), space.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unusable{"can't be read: " + why()};
    if (count == 0) return text;
    text.append(space, 0, static_cast<std::size_t>(count));
  }
  return Unusable{"is larger than 64 MiB"};
}

std::variant<SavedStates, Unusable> load_from(const FileDescriptor& file, const Moment& now) {
  if (std::string fault = fault_of(file); !fault.empty()) return Unusable{std::move(fault)};
  auto text = read_all(file);
  if (auto* unusable = std::get_if<Unusable>(&text)) return std::move(*unusable);
  return decode_states(std::get<std::string>(text), now);
}

// ---- writing -----------------------------------------------------------------------------------

bool write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// A file that was removed, or replaced by another one, has no name any more.
bool has_name(const FileDescriptor& file) {
  struct stat status {};
  return file.valid() && fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

Moment moment_now() {
  static const std::string boot = boot_id();
  timespec boottime{};
  clock_gettime(CLOCK_BOOTTIME, &boottime);
  const auto since_boot =
      std::chrono::seconds(boottime.tv_sec) + std::chrono::nanoseconds(boottime.tv_nsec);
  using std::chrono::milliseconds;
  return {boot, std::chrono::floor<milliseconds>(since_boot),
          std::chrono::floor<milliseconds>(std::chrono::system_clock::now())};
}

std::variant<SavedStates, Unusable> load_states(const std::filesystem::path& folder,
                                                const Moment& now) {
  const std::filesystem::path path = folder / kStateFile;
  // Neither a link nor a FIFO may lead elsewhere, or make hlbd wait.
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file.valid() && errno == ENOENT) return SavedStates();
  auto loaded = load_from(file, now);
  if (auto* unusable = std::get_if<Unusable>(&loaded)) {
    unusable->reason = path.string() + " " + unusable->reason;
  }
  return loaded;
}

StateFile::StateFile(const boost::asio::any_io_executor& executor,
                     const std::filesystem::path& folder, Snapshot snapshot, Clock clock)
    : path_(folder / kStateFile),
      draft_(folder / (std::string(kStateFile) + ".new")),
      snapshot_(std::move(snapshot)),
      clock_(std::move(clock)),
      change_(executor),
      refresh_(executor) {
  await_refresh();
}

void StateFile::changed() {
  if (std::exchange(pending_, true)) return;
  change_.expires_after(kDelay);
  change_.async_wait([this](const boost::system::error_code& error) {
    if (!error) write_now();
  });
}

void StateFile::write_now() {
  pending_ = false;
  change_.cancel();
  const Moment now = clock_();
  StateEncoder encoder(now);
  snapshot_(encoder);
  say(write(std::move(encoder).finish()));
  head_size_ = StateEncoder::head(now).size();
}

void StateFile::await_refresh() {
  refresh_.expires_after(kRefresh);
  refresh_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    refresh();
    await_refresh();
  });
}

// In place, and so short that no reader sees a part of it.
void StateFile::refresh() {
  const std::string head = StateEncoder::head(clock_());
  const auto size = static_cast<ssize_t>(head.size());
  const bool fits = head.size() == head_size_ && has_name(file_);
  if (!fits || pwrite(file_.get(), head.data(), head.size(), 0) != size) write_now();
}

// Why it couldn't; empty if it could.
std::string StateFile::write(std::string_view text) {
  file_ = FileDescriptor(-1);
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  if (error) return error.message();
  if (std::string trouble = fill_draft(text); !trouble.empty()) {
    unlink(draft_.c_str());
    file_ = FileDescriptor(-1);
    return trouble;
  }
  return "";
}

std::string StateFile::fill_draft(std::string_view text) {
  constexpr mode_t kReadableByAll = 0644;
  unlink(draft_.c_str());  // left by one that was killed while writing
  file_ =
      FileDescriptor(open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadableByAll));
  const bool in_place =
      file_.valid() && write_all(file_, text) && rename(draft_.c_str(), path_.c_str()) == 0;
  return in_place ? "" : why();
}

void StateFile::say(const std::string& trouble) {
  if (trouble == trouble_) return;
  if (trouble.empty()) {
    spdlog::info("{} can be written again", path_.string());
  } else {
    spdlog::warn("can't write {}: {}; a restarted hlbd will know no states from it", path_.string(),
                 trouble);
  }
  trouble_ = trouble;
}

}  // namespace hlb
