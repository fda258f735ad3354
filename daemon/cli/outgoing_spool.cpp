#include "cli/outgoing_spool.h"
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/text.h"
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
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
constexpr const char* kLock = "lock";
// Marks a folder as a spool. Held locked while folders in it are made or cleared away.
constexpr const char* kMark = ".osci-spool";
constexpr std::uint64_t kMaxState = 64 * 1024;

base::Error unusable(const std::string& folder) {
  return fail(ErrorCode::file_error,
              folder + ": its " + kState + " cannot be read; remove the folder and send again");
}

// Taken until the descriptor is closed, which a dead process has done too.
base::Result<Descriptor> lock(const std::string& folder) {
  const std::string path = folder + "/" + kLock;
  Descriptor out(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (out.get() < 0) return system_error(path, "cannot be created");
  if (::flock(out.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::file_error, folder + ": another osci is sending this");
  return out;
}

bool ours(std::string_view name) {
  return name == kMessage || name == kState || name == kFreshState || name == kLock;
}

base::Result<Descriptor> hold_mark(const std::string& spool) {
  const std::string path = spool + "/" + kMark;
  Descriptor out(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (out.get() < 0) return system_error(path, "cannot be created");
  while (::flock(out.get(), LOCK_EX) != 0)
    if (errno != EINTR) return system_error(path, "cannot be locked");
  return out;
}

std::string state_text(const client::OutgoingTransfer& transfer, const OutgoingParties& parties,
                       const std::string& sha256) {
  return boost::json::serialize(
             boost::json::object{{"message_id", transfer.message_id},
                                 {"url", parties.url},
                                 {"own_cipher", parties.own_cipher},
                                 {"intermediary_cipher", parties.intermediary_cipher},
                                 {"addressee", base::base64_encode_line(transfer.addressee.der())},
                                 {"size", transfer.size},
                                 {"sha256", sha256},
                                 {"chunk_kib", transfer.chunk_kib},
                                 {"chunks", transfer.chunks()}}) +
         "\n";
}

struct State {
  client::OutgoingTransfer transfer;
  OutgoingParties parties;
  std::string sha256; // of the message, in hexadecimal digits
};

base::Result<State> read_state(const std::string& folder) {
  const auto text = read_file(folder + "/" + kState, kMaxState);
  if (!text) return text.error();
  boost::system::error_code error;
  const auto json = boost::json::parse(*text, error);
  if (error || !json.is_object()) return unusable(folder);
  const auto& object = json.as_object();
  const auto string = [&object](const char* name) -> std::string {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string{};
  };
  const auto number = [&object](const char* name) -> std::uint64_t {
    const auto* value = object.if_contains(name);
    if (!value) return 0;
    boost::system::error_code no_number;
    const auto out = value->to_number<std::uint64_t>(no_number);
    return no_number ? 0 : out;
  };
  const auto der = base::base64_decode(string("addressee"));
  if (!der) return unusable(folder);
  auto addressee = crypto::Certificate::from_der(*der);
  if (!addressee) return unusable(folder);
  State out{{string("message_id"), std::move(*addressee), number("size"), number("chunk_kib")},
            {string("url"), string("own_cipher"), string("intermediary_cipher")},
            string("sha256")};
  const auto& transfer = out.transfer;
  if (transfer.message_id.empty() || out.sha256.size() != 64 || transfer.size == 0 ||
      transfer.chunk_kib == 0 || transfer.chunk_kib > client::kMaxChunkKib ||
      transfer.total_kib() / transfer.chunk_kib >= client::kMaxChunks ||
      transfer.chunks() != number("chunks"))
    return unusable(folder);
  return out;
}

} // namespace

base::OctetSink OutgoingDelivery::sink() {
  return [this](std::string_view piece) -> base::Result<> {
    if (auto done = write_all(file_.get(), folder_ + "/" + kMessage, piece); !done) return done;
    written_ += piece.size();
    hasher_.update(piece);
    return {};
  };
}

base::Result<> OutgoingDelivery::keep(const client::OutgoingTransfer& transfer,
                                      const OutgoingParties& parties) {
  base::check(transfer.size == written_, "size of an outgoing delivery");
  // The message first: who finds the state must find all of the message.
  if (::fsync(file_.get()) != 0)
    return system_error(folder_ + "/" + kMessage, "cannot be made durable");
  file_ = Descriptor();
  if (auto done = replace_durably(
          folder_, kState, state_text(transfer, parties, base::hex_encode(hasher_.finish())));
      !done)
    return done;
  if (auto done = sync_folder(fs::path(folder_).parent_path().string()); !done) return done;
  transfer_ = transfer;
  parties_ = parties;
  return {};
}

base::Result<base::OctetRange> OutgoingDelivery::message() const {
  const std::string path = folder_ + "/" + kMessage;
  const auto file = FileOctets::open(path);
  if (!file) return file.error();
  const base::Error changed = fail(
      ErrorCode::file_error, path + ": is not what was sealed; osci send --discard removes it");
  if ((*file)->size() != transfer_->size) return changed;
  const base::OctetRange out{*file, 0, transfer_->size};
  if (sha256_.empty()) return out;
  const auto digest = crypto::digest(crypto::DigestAlgorithm::sha256, out);
  if (!digest) return digest.error();
  if (base::hex_encode(*digest) != sha256_) return changed;
  return out;
}

base::Result<> OutgoingDelivery::remove() {
  // The state first: half of a folder must not look like something to go on with.
  std::error_code error;
  fs::remove(folder_ + "/" + kState, error);
  if (error)
    return fail(ErrorCode::file_error, folder_ + ": cannot be removed: " + error.message());
  return remove_folder(folder_, ours);
}

base::Result<std::string> OutgoingSpool::usual_folder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state && *state == '/') return std::string(state) + "/osci/outgoing";
  const char* home = std::getenv("HOME");
  if (home && *home == '/') return std::string(home) + "/.local/state/osci/outgoing";
  return fail(ErrorCode::invalid_config,
              "neither XDG_STATE_HOME nor HOME is set; name a folder with --spool");
}

base::Result<OutgoingSpool> OutgoingSpool::open(const std::string& folder) {
  fs::path path;
  for (const auto& step : fs::absolute(folder).lexically_normal()) {
    path /= step;
    std::error_code ignored;
    if (step.empty() || fs::is_directory(path, ignored)) continue;
    if (const auto made = make_folder(path.string(), kPrivateFolder); !made) return made.error();
  }
  std::string text = path.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  std::error_code error;
  // In this order: another osci that begins at the same time makes the mark before anything else.
  const bool empty = fs::is_empty(path, error);
  if (!error && !empty && !fs::exists(path / kMark, error) && !error)
    return fail(ErrorCode::file_error,
                text + ": holds other files and is no spool of osci; name another folder");
  if (error) return fail(ErrorCode::file_error, text + ": " + error.message());
  const auto mark = hold_mark(text);
  if (!mark) return mark.error();
  for (const auto& entry : fs::directory_iterator(text, error)) {
    const std::string one = entry.path().string();
    std::error_code unknown;
    if (entry.symlink_status(unknown).type() != fs::file_type::directory ||
        fs::exists(entry.path() / kState, unknown) || !fs::exists(entry.path() / kLock, unknown))
      continue;
    // Nobody holds it and it never became complete: the process died while it was sealing. Whatever
    // else is in it stays, and the folder with it.
    if (const auto held = lock(one); held && !fs::exists(entry.path() / kState, unknown))
      static_cast<void>(remove_folder(one, ours));
  }
  return OutgoingSpool(std::move(text));
}

base::Result<OutgoingDelivery> OutgoingSpool::create(const std::string& message_id) const {
  const auto mark = hold_mark(folder_);
  if (!mark) return mark.error();
  OutgoingDelivery out;
  out.folder_ = folder_ + "/" + folder_name(message_id);
  if (::mkdir(out.folder_.c_str(), kPrivateFolder) != 0)
    return system_error(out.folder_, "cannot be created");
  auto held = lock(out.folder_);
  if (!held) return held.error();
  out.lock_ = std::move(*held);
  const std::string path = out.folder_ + "/" + kMessage;
  out.file_ =
      Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (out.file_.get() < 0) return system_error(path, "cannot be created");
  return out;
}

base::Result<std::vector<std::string>>
OutgoingSpool::ids(const std::function<void(const base::Error&)>& damaged) const {
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const auto path = at->path() / kState;
    std::error_code gone; // another osci may finish at any time
    const auto written = fs::last_write_time(path, gone);
    if (gone) continue;
    const auto state = read_state(at->path().string());
    if (state)
      found.emplace_back(written, state->transfer.message_id);
    else if (fs::exists(path, gone))
      damaged(state.error());
  }
  if (error) return fail(ErrorCode::file_error, folder_ + ": " + error.message());
  std::sort(found.begin(), found.end());
  std::vector<std::string> out;
  for (auto& [time, id] : found) out.push_back(std::move(id));
  return out;
}

base::Result<OutgoingDelivery> OutgoingDelivery::hold(const std::string& spool,
                                                      const std::string& message_id) {
  OutgoingDelivery out;
  out.folder_ = spool + "/" + folder_name(message_id);
  const std::string state = out.folder_ + "/" + kState;
  const auto absent = fail(ErrorCode::not_found,
                           "nothing under way with message id " + message_id + " in " + spool);
  std::error_code ignored;
  if (!fs::exists(state, ignored)) return absent;
  auto held = lock(out.folder_);
  // Another osci may have finished with it just now.
  if (!fs::exists(state, ignored)) return absent;
  if (!held) return held.error();
  out.lock_ = std::move(*held);
  return out;
}

base::Result<OutgoingDelivery> OutgoingSpool::take(const std::string& message_id) const {
  auto out = OutgoingDelivery::hold(folder_, message_id);
  if (!out) return out;
  auto state = read_state(out->folder_);
  if (!state) return state.error();
  if (state->transfer.message_id != message_id) return unusable(out->folder_);
  out->written_ = state->transfer.size;
  out->sha256_ = std::move(state->sha256);
  out->transfer_ = std::move(state->transfer);
  out->parties_ = std::move(state->parties);
  return out;
}

base::Result<> OutgoingSpool::discard(const std::string& message_id) const {
  auto delivery = OutgoingDelivery::hold(folder_, message_id);
  if (!delivery) return delivery.error();
  return delivery->remove();
}

} // namespace cli
