#include "cli/incoming_spool.h"
#include "cli/files.h"
#include "cli/text.h"
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

namespace fs = std::filesystem;

constexpr const char* kMessage = "message.osci";
constexpr const char* kState = "state.json";
constexpr const char* kFreshState = "state.json.new";
constexpr const char* kReceived = "received";
constexpr const char* kPlain = "plain-";
constexpr std::uint64_t kMaxState = 64 * 1024;
constexpr std::uint64_t kMaxReceived = 1024 * 1024;
constexpr std::uint32_t kMaxChunks = 10'000;

bool ours(std::string_view name) {
  return name == kMessage || name == kState || name == kFreshState || name == kReceived ||
         name.starts_with(kPlain);
}

// A decrypted attachment; its name is known, so that it can be moved.
class PlainOctets final : public FileOctets {
 public:
  using FileOctets::FileOctets;
};

class NamedPlainFile final : public seal::PlainFile {
 public:
  NamedPlainFile(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  ~NamedPlainFile() override {
    if (!finished_) ::unlink(path_.c_str());
  }
  base::Result<> append(std::string_view piece) override {
    size_ += piece.size();
    return write_all(file_.get(), path_, piece);
  }
  base::Result<base::OctetRange> finish() override {
    finished_ = true;
    const auto octets = std::make_shared<PlainOctets>(path_, std::move(file_), size_);
    return base::OctetRange{octets, 0, size_};
  }

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
  bool finished_ = false;
};

std::string state_text(const client::IncomingTransfer& transfer, const SpoolOwner& owner) {
  return boost::json::serialize(boost::json::object{{"message_id", transfer.message_id},
                                                    {"url", owner.url},
                                                    {"own_cipher", owner.own_cipher},
                                                    {"requested_kib", transfer.requested_kib},
                                                    {"chunk_size", transfer.chunk_size},
                                                    {"chunks", transfer.chunks},
                                                    {"total_kib", transfer.total_kib}}) +
         "\n";
}

struct State {
  client::IncomingTransfer transfer;
  SpoolOwner owner;
  bool of(const SpoolOwner& other) const {
    return owner.url == other.url && owner.own_cipher == other.own_cipher;
  }
};

std::optional<State> read_state(const std::string& folder) {
  const auto text = read_file(folder + "/" + kState, kMaxState);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const auto json = boost::json::parse(*text, error);
  if (error || !json.is_object()) return std::nullopt;
  const auto number = [&json](const char* name) -> std::uint64_t {
    const auto* value = json.as_object().if_contains(name);
    if (!value) return 0;
    boost::system::error_code no_number;
    const auto out = value->to_number<std::uint64_t>(no_number);
    return no_number ? 0 : out;
  };
  const auto string = [&json](const char* name) -> std::string {
    const auto* value = json.as_object().if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string{};
  };
  State state{{}, {string("url"), string("own_cipher")}};
  auto& out = state.transfer;
  out.message_id = string("message_id");
  out.requested_kib = number("requested_kib");
  out.chunk_size = number("chunk_size");
  const auto chunks = number("chunks");
  out.total_kib = number("total_kib");
  if (out.message_id.empty() || state.owner.url.empty() || state.owner.own_cipher.empty() ||
      out.requested_kib == 0 || out.chunk_size == 0 || out.chunk_size / 1024 > out.requested_kib ||
      chunks == 0 || chunks > kMaxChunks)
    return std::nullopt;
  out.chunks = static_cast<std::uint32_t>(chunks);
  return state;
}

struct Received {
  std::vector<bool> chunks; // by number - 1
  off_t length = 0;         // of the complete lines
};

// A line for each chunk. The last one may be torn when the process or the power died: it counts as
// absent, and its chunk is fetched again.
base::Result<Received> read_received(const std::string& folder, std::uint32_t chunks) {
  Received out{std::vector<bool>(chunks), 0};
  const auto text = read_file(folder + "/" + kReceived, kMaxReceived);
  if (!text) return text.error();
  std::string_view rest = *text;
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1)) {
    std::uint32_t number = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + end, number);
    if (error != std::errc{} || stop != rest.data() + end || number < 1 || number > chunks)
      return fail(ErrorCode::file_error, folder + ": list of chunks is damaged");
    out.chunks[number - 1] = true;
    out.length += static_cast<off_t>(end + 1);
  }
  return out;
}

base::Result<> remove_transfer(const std::string& folder) {
  std::error_code error;
  // The state first: half of a folder must not look like something to go on with.
  fs::remove(folder + "/" + kState, error);
  if (error) return fail(ErrorCode::file_error, folder + ": cannot be removed: " + error.message());
  return remove_folder(folder, ours);
}

} // namespace

std::string movable_file(const base::OctetRange& range) {
  const auto* file = dynamic_cast<const PlainOctets*>(range.source.get());
  if (!file || range.offset != 0 || range.size != file->size()) return {};
  return file->path();
}

base::Result<FolderSpool> FolderSpool::open(const std::string& folder, SpoolOwner owner) {
  if (const auto made = make_folder(folder, kPrivateFolder); !made) return made.error();
  std::error_code error;
  for (const auto& transfer : fs::directory_iterator(folder, error)) {
    // A run died before it had begun; or the state is damaged, which costs fetching again.
    if (!read_state(transfer.path().string())) {
      static_cast<void>(remove_folder(transfer.path().string(), ours));
      continue;
    }
    // What a run that died has decrypted is decrypted again.
    for (const auto& file : fs::directory_iterator(transfer.path(), error))
      if (file.path().filename().string().starts_with(kPlain)) fs::remove(file.path(), error);
  }
  return FolderSpool(folder, std::move(owner));
}

std::string FolderSpool::folder_of(const std::string& message_id) const {
  return folder_ + "/" + folder_name(message_id);
}

base::Result<std::vector<std::string>> FolderSpool::pending() {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error))
    if (const auto state = read_state(entry.path().string());
        state && state->of(owner_) &&
        folder_of(state->transfer.message_id) == entry.path().string())
      out.push_back(state->transfer.message_id);
  if (error) return fail(ErrorCode::file_error, folder_ + ": " + error.message());
  return out;
}

base::Result<std::optional<FolderSpool::Known>> FolderSpool::find(const std::string& message_id) {
  const std::string folder = folder_of(message_id);
  auto state = read_state(folder);
  if (!state || !state->of(owner_) || state->transfer.message_id != message_id)
    return std::optional<Known>{};
  auto received = read_received(folder, state->transfer.chunks);
  if (!received) {
    // Nothing of value is lost: everything can be fetched again.
    if (const auto done = forget(message_id); !done) return done.error();
    return std::optional<Known>{};
  }
  return std::optional(Known{std::move(state->transfer), std::move(received->chunks)});
}

base::Result<std::vector<bool>> FolderSpool::begin(const client::IncomingTransfer& transfer) {
  auto known = find(transfer.message_id);
  if (!known) return known.error();
  if (*known && (*known)->transfer == transfer) return std::move((*known)->received);
  const std::string folder = folder_of(transfer.message_id);
  // Or that of another mailbox, if the id is the same: then it is the same delivery, or somebody's
  // id that is not unique as it must be. It costs fetching again.
  if (const auto done = remove_transfer(folder); !done) return done.error();
  if (const auto made = make_folder(folder, kPrivateFolder); !made) return made.error();
  for (const char* name : {kMessage, kReceived})
    if (const auto done = write_durably(folder + "/" + name, std::string_view{}); !done)
      return done.error();
  // Last: who finds it finds the others too.
  if (const auto done = replace_durably(folder, kState, state_text(transfer, owner_)); !done)
    return done.error();
  return std::vector<bool>(transfer.chunks);
}

base::Result<bool> FolderSpool::put(const client::IncomingTransfer& transfer, std::uint32_t number,
                                    std::string_view bytes) {
  const std::string folder = folder_of(transfer.message_id);
  const auto received = read_received(folder, transfer.chunks);
  if (!received) return received.error();
  const std::string path = folder + "/" + kMessage;
  const std::uint64_t offset = (number - 1) * transfer.chunk_size;
  if (received->chunks[number - 1]) {
    const auto file = FileOctets::open(path);
    if (!file) return file.error();
    if ((*file)->size() < offset + bytes.size()) return false;
    const auto there = base::read_range({*file, offset, bytes.size()});
    if (!there) return there.error();
    return *there == bytes;
  }
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0 || ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
    return system_error(path, "cannot be written");
  if (const auto done = write_all(file.get(), path, bytes); !done) return done.error();
  if (::fdatasync(file.get()) != 0) return system_error(path, "cannot be made durable");
  // Dies the process here, the chunk is fetched and written again. Once it is listed, it is there.
  const std::string list = folder + "/" + kReceived;
  const Descriptor lines(::open(list.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (lines.get() < 0 || ::ftruncate(lines.get(), received->length) != 0 ||
      ::lseek(lines.get(), received->length, SEEK_SET) < 0)
    return system_error(list, "cannot be written");
  if (const auto done = write_all(lines.get(), list, std::to_string(number) + "\n"); !done)
    return done.error();
  if (::fdatasync(lines.get()) != 0) return system_error(list, "cannot be made durable");
  return true;
}

base::Result<base::OctetRange> FolderSpool::whole(const client::IncomingTransfer& transfer) {
  const auto file = FileOctets::open(folder_of(transfer.message_id) + "/" + kMessage);
  if (!file) return file.error();
  const std::uint64_t most = transfer.chunks * transfer.chunk_size;
  if ((*file)->size() > most || (*file)->size() <= most - transfer.chunk_size)
    return fail(ErrorCode::file_error, (*file)->path() + ": is not what was received");
  return base::OctetRange{*file, 0, (*file)->size()};
}

base::Result<> FolderSpool::forget(const std::string& message_id) {
  const std::string folder = folder_of(message_id);
  if (const auto state = read_state(folder); state && !state->of(owner_)) return {};
  return remove_transfer(folder);
}

seal::NewPlainFile FolderSpool::plain_files(const std::string& message_id) {
  return [folder = folder_of(message_id),
          next = next_plain_]() -> base::Result<std::unique_ptr<seal::PlainFile>> {
    std::string path = folder + "/" + kPlain + std::to_string((*next)++);
    Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    if (file.get() < 0) return system_error(path, "cannot be created");
    return std::make_unique<NamedPlainFile>(std::move(path), std::move(file));
  };
}

} // namespace cli
