// Moves one large file through the real daemon by chunks, in and out, with kill -9 in between, and
// says whether it arrived identical and what memory the daemon took at most.
#include "base/encoding.h"
#include "crash/daemon_process.h"
#include "crypto/digest.h"
#include "http/client.h"
#include "support/chunks.h"
#include "xml/document.h"
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <set>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using osci::MessageType;
using support::Party;

// Octets that look random and need no storage.
class GeneratedOctets final : public base::Octets {
 public:
  explicit GeneratedOctets(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const override { return size_; }
  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override {
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t at = offset + i;
      std::uint64_t word = (at / 8 + 1) * 0x9e3779b97f4a7c15u;
      word ^= word >> 29;
      word *= 0xbf58476d1ce4e5b9u;
      word ^= word >> 32;
      out[i] = static_cast<char>(word >> (at % 8 * 8));
    }
    return {};
  }

 private:
  std::uint64_t size_;
};

class FileOnDisk final : public base::Octets {
 public:
  explicit FileOnDisk(const fs::path& path)
      : file_(std::fopen(path.c_str(), "rb")), size_(fs::file_size(path)) {
    if (!file_) throw std::runtime_error("cannot read " + path.string());
  }
  ~FileOnDisk() override { std::fclose(file_); }
  FileOnDisk(const FileOnDisk&) = delete;
  FileOnDisk& operator=(const FileOnDisk&) = delete;
  std::uint64_t size() const override { return size_; }
  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override {
    if (std::fseek(file_, static_cast<long>(offset), SEEK_SET) != 0 ||
        std::fread(out, 1, size, file_) != size)
      return base::fail(base::ErrorCode::file_error, "short read");
    return {};
  }

 private:
  std::FILE* file_;
  std::uint64_t size_;
};

std::string hash_of(const base::OctetRange& range) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  const auto done = base::for_each_piece(range, [&](std::string_view piece) -> base::Result<> {
    hasher.update(piece);
    return {};
  });
  if (!done) throw std::runtime_error(done.error().detail);
  return base::hex_encode(hasher.finish());
}

[[noreturn]] void give_up(const std::string& why) {
  throw std::runtime_error(why);
}

// The daemon's lives and the memory that each took.
class Lives {
 public:
  explicit Lives(const crash::Setup& setup) : daemon(setup) { start(); }

  void start() {
    daemon.start();
    if (!daemon.wait_ready()) give_up("the daemon does not listen:\n" + daemon.log_tail());
  }
  void look() {
    std::ifstream status("/proc/" + std::to_string(daemon.pid()) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) peak_kib = std::max(peak_kib, std::stoul(line.substr(6)));
  }
  void kill() {
    look();
    daemon.signal(SIGKILL);
    if (!daemon.wait_end(30s)) give_up("the daemon survives SIGKILL");
    ++kills;
    start();
  }

  crash::DaemonProcess daemon;
  unsigned long peak_kib = 0;
  unsigned kills = 0;
};

// One dialog; a request that fails leaves nothing but a new dialog.
class Talk {
 public:
  Talk(Lives& lives, const Party& party) : lives_(lives), party_(party) {
    http::ClientLimits limits;
    limits.total = 600'000ms;
    limits_ = limits;
    const auto answer = post(party.request(MessageType::init_dialog));
    if (!answer) give_up("InitDialog is not answered");
    conversation_id_ = answer->control.conversation_id.value();
    challenge_ = answer->control.challenge.value();
  }
  osci::Request next(MessageType type) const {
    auto out = party_.request(type);
    out.control.conversation_id = conversation_id_;
    out.control.sequence_number = sequence_;
    out.control.response = challenge_;
    return out;
  }
  // nullopt: no answer; the dialog is at an end.
  std::optional<osci::Answer> send(const osci::Request& request) {
    auto answer = post(request);
    if (answer) {
      challenge_ = answer->control.challenge.value_or("");
      ++sequence_;
    }
    return answer;
  }

 private:
  std::optional<osci::Answer> post(const osci::Request& request) {
    const auto answer =
        client_.post(lives_.daemon.url(), party_.seal(request), "text/xml", limits_);
    if (!answer || answer->status != 200) return std::nullopt;
    return party_.open(answer->body);
  }

  Lives& lives_;
  const Party& party_;
  http::Client client_;
  http::ClientLimits limits_;
  std::string conversation_id_, challenge_;
  std::uint32_t sequence_ = 0;
};

// Kills the daemon a moment after the request has gone out.
template <class Send>
std::optional<osci::Answer> while_killing(Lives& lives, std::chrono::milliseconds after,
                                          const Send& send) {
  std::thread killer([&] {
    std::this_thread::sleep_for(after);
    lives.look();
    lives.daemon.signal(SIGKILL);
  });
  std::optional<osci::Answer> answer;
  try {
    answer = send();
  } catch (const std::exception&) {
    // An answer cut off in the middle is none.
  }
  killer.join();
  if (!lives.daemon.wait_end(30s)) give_up("the daemon survives SIGKILL");
  ++lives.kills;
  lives.start();
  return answer;
}

// Chunk numbers at which to kill, spread over the transfer.
std::set<std::uint32_t> kill_points(std::uint32_t chunks, unsigned kills) {
  std::set<std::uint32_t> out;
  for (unsigned i = 1; i <= kills; ++i)
    out.insert(std::max<std::uint32_t>(1, chunks * i / (kills + 1)));
  return out;
}

osci::Request chunk_request(const Talk& talk, const std::string& id) {
  auto out = talk.next(MessageType::partial_store_delivery);
  out.message_id = id + std::string(osci::kPartialSuffix);
  const auto& addressee = support::key("recipient_cipher").certificate;
  out.certificates.push_back({"CipherCertificateAddressee",
                              osci::certificate_id("addressee_cipher", addressee), addressee});
  return out;
}

void say(const std::string& line) {
  std::cout << line << std::endl;
}

std::string store(Lives& lives, const Party& sender, const base::OctetRange& payload,
                  std::uint64_t chunk_kib, unsigned kills, const fs::path& folder) {
  auto talk = std::make_unique<Talk>(lives, sender);
  const auto id = talk->send(talk->next(MessageType::get_message_id))->message_id.value();
  auto delivery = sender.delivery(id, "Begleitschreiben");
  seal::Attachment attachment;
  attachment.content_id = "gross@sender";
  attachment.range = payload;
  delivery.content.attachments.push_back(attachment);
  const auto path = folder / "outgoing.mime";
  {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    const auto written =
        seal::close_to(osci::encode_request(delivery), std::nullopt, sender.random,
                       [&](std::string_view piece) -> base::Result<> {
                         out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
                         return {};
                       });
    if (!written || !out.flush()) give_up("the message cannot be written");
  }
  const auto message = std::make_shared<FileOnDisk>(path);
  const std::uint64_t full = chunk_kib * 1024;
  const auto count = static_cast<std::uint32_t>((message->size() + full - 1) / full);
  auto at = kill_points(count, kills);
  std::set<std::uint32_t> missing;
  for (std::uint32_t n = 1; n <= count; ++n) missing.insert(n);
  say("store: " + std::to_string(message->size()) + " octets in " + std::to_string(count) +
      " chunks");

  std::optional<osci::Answer> last;
  while (!missing.empty() || !last || last->inside_feedback.empty()) {
    if (!talk) {
      talk = std::make_unique<Talk>(lives, sender);
      auto info = chunk_request(*talk, id);
      info.info_only = true;
      const auto state = talk->send(info);
      if (!state || !state->executed()) give_up("InfoOnly after a kill");
      missing.clear();
      for (std::uint32_t n = 1; n <= count; ++n) missing.insert(n);
      for (const auto n : *state->chunk->received) missing.erase(n);
      say("resumed: " + std::to_string(state->chunk->received->size()) + " chunks are there");
      last = state;
    }
    auto request = chunk_request(*talk, id);
    if (missing.empty()) {
      std::this_thread::sleep_for(200ms);
      request.info_only = true;
      last = talk->send(request);
      if (!last) give_up("InfoOnly is not answered");
      continue;
    }
    const std::uint32_t number = *missing.begin();
    const std::uint64_t from = full * (number - 1);
    request.chunk = osci::ChunkInformation{number, chunk_kib, std::nullopt, count,
                                           (message->size() + 1023) / 1024};
    request.content.attachments.push_back(
        {std::string(osci::kChunkContentId), "application/octet-stream", "",
         *base::read_range({message, from, std::min(full, message->size() - from)}), false});
    if (at.erase(number)) {
      while_killing(lives, 5ms, [&] { return talk->send(request); });
      talk.reset();
      continue;
    }
    last = talk->send(request);
    if (!last) give_up("chunk " + std::to_string(number) + " is not answered");
    if (!last->executed())
      give_up("chunk " + std::to_string(number) + ": " + last->feedback.front().code);
    missing.erase(number);
  }
  if (last->inside_feedback.front().code != "0800")
    give_up("the delivery is refused: " + last->inside_feedback.front().code);
  fs::remove(path);
  return id;
}

void fetch(Lives& lives, const Party& recipient, const std::string& id, std::uint64_t chunk_kib,
           unsigned kills, const fs::path& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::unique_ptr<Talk> talk;
  std::uint32_t total = 1;
  std::vector<std::uint32_t> have;
  std::set<std::uint32_t> at;
  bool planned = false;
  for (std::uint32_t number = 1; number <= total;) {
    if (!talk) talk = std::make_unique<Talk>(lives, recipient);
    auto request = talk->next(MessageType::partial_fetch_delivery);
    request.selection.rule = osci::Selection::Rule::message_ids;
    request.selection.message_ids = {id};
    request.chunk = osci::ChunkInformation{number, chunk_kib, have, std::nullopt, std::nullopt};
    if (at.erase(number)) {
      while_killing(lives, 5ms, [&] { return talk->send(request); });
      talk.reset();
      continue;
    }
    const auto answer = talk->send(request);
    if (!answer || !answer->executed() || !answer->content)
      give_up("chunk " + std::to_string(number) +
              " is not given: " + (answer ? answer->feedback.front().code : "no answer"));
    const auto& bytes = answer->content->attachments.at(0).bytes;
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    total = answer->chunk->total_numbers.value();
    if (!planned) at = kill_points(total, kills);
    planned = true;
    have.push_back(number++);
  }
  talk->send(talk->next(MessageType::exit_dialog));
  say("fetch: " + std::to_string(total) + " chunks");
  if (!out.flush()) give_up("cannot write " + path.string());
}

int run(int argc, char** argv) {
  CLI::App app{"moves a large file by chunks through the daemon, killing it on the way"};
  crash::Setup setup;
  std::uint64_t size = 8 << 20, chunk_kib = 1024;
  unsigned kills = 2;
  unsigned long max_mib = 200;
  app.add_option("--daemon", setup.program, "dataclearingd")->required();
  app.add_option("--state", setup.state, "empty folder")->required();
  app.add_option("--size", size, "octets of the file")->capture_default_str();
  app.add_option("--chunk-kb", chunk_kib, "KiB of a chunk")->capture_default_str();
  app.add_option("--kills", kills, "kill -9 in each direction")->capture_default_str();
  app.add_option("--max-mib", max_mib, "memory that the daemon may take")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  xml::initialise();
  setup.keys = std::string(DC_SOURCE_DIR) + "/tests/captures/keys";
  setup.owners = {"recipient"};
  fs::create_directories(setup.state);

  const Party sender("sender"), recipient("recipient");
  const base::OctetRange payload{std::make_shared<GeneratedOctets>(size), 0, size};
  const std::string sent = hash_of(payload);
  Lives lives(setup);
  const auto id = store(lives, sender, payload, chunk_kib, kills, setup.state);
  const auto path = fs::path(setup.state) / "incoming.mime";
  fetch(lives, recipient, id, chunk_kib, kills, path);
  lives.look();

  // The signature covers the attachment; opening checks it.
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  base::SystemRandom random;
  const auto opened =
      seal::open_spooled({std::make_shared<FileOnDisk>(path), "", {}, 0}, {}, options, random);
  if (!opened) give_up("what was fetched is no message: " + opened.error().detail);
  const auto answer = osci::decode_answer(*opened, true);
  if (!answer) give_up("what was fetched is not signed right: " + answer.error().detail);
  const std::string arrived = hash_of(answer->content->attachments.at(0).range);
  say("sent     " + sent);
  say("arrived  " + arrived);
  say("kills    " + std::to_string(lives.kills));
  say("VmHWM    " + std::to_string(lives.peak_kib / 1024) + " MiB");
  fs::remove(path);
  if (sent != arrived) give_up("the file has changed");
  if (lives.peak_kib / 1024 >= max_mib) give_up("the daemon took too much memory");
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "bulk_transfer: " << error.what() << '\n';
    return 1;
  }
}
