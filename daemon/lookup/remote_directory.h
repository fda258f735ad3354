// Adapter: the directory as a server hands it out, kept on disk so that a server that is away is
// none of the daemon's troubles (domain 1.1): an answer is a cache with an age. Whatever cannot be
// read, be it cut, corrupt or empty, leaves the one before it in force.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "directory/directory.h"
#include "lookup/file_directory.h"
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lookup {

struct RemoteRules {
  std::vector<std::string> urls; // asked in this order, beginning with the last that answered
  std::filesystem::path cache;   // snapshot; beside it `cache`.state. Their folder must exist
  base::Milliseconds refresh = std::chrono::minutes{5};
  base::Milliseconds retry = std::chrono::seconds{30}; // after none has answered
  base::Milliseconds max_age = std::chrono::hours{24}; // since the last answer: above it, an alarm
  Limits limits{};
};

struct DirectoryAnswer {
  unsigned status = 0;
  std::string etag, body;
};
// One GET. `etag`: for If-None-Match; empty: none. Blocks. Any status is an answer. Errors: those
// of the connection.
using DirectoryTransport =
    std::function<base::Result<DirectoryAnswer>(const std::string& url, const std::string& etag)>;

class RemoteDirectory {
 public:
  // `clock` must outlive it.
  RemoteDirectory(RemoteRules rules, DirectoryTransport transport, const base::Clock& clock);

  // At the start, once: what is kept on disk, however old; the servers are asked only if there is
  // nothing usable. Logs its age. Error: network, with what each of them said; step() goes on
  // asking.
  base::Result<> open();

  // From then on, every few seconds, by one thread: asks when it is time to, and watches the age.
  // Blocks while it asks. True: current() is another directory than before.
  bool step();

  // Any thread.
  std::shared_ptr<const directory::Directory> current() const; // null: none yet
  base::Milliseconds age() const;                              // since a server last confirmed it
  // Error (network) while it is older than `max_age`; for the health page.
  base::Result<> in_time() const;

 private:
  struct Kept { // what is known of the cache
    std::string etag, url, sha256;
    base::Instant confirmed{};
  };
  enum class Outcome { unchanged, changed, failed };
  Outcome ask(std::string& why);
  base::Result<Outcome> ask(const std::string& url);
  base::Result<Outcome> take(const std::string& url, DirectoryAnswer answer);
  base::Result<> load_cache();
  void keep(const std::string& body);
  void keep_state();
  void watch_age();

  const RemoteRules rules_;
  const DirectoryTransport transport_;
  const base::Clock& clock_;
  // Used by the one thread only.
  Kept kept_;
  std::size_t first_ = 0; // of urls
  base::Instant next_{};
  std::string told_; // the failure that was logged last
  bool alarmed_ = false;

  mutable std::mutex mutex_; // of the two below
  std::shared_ptr<const directory::Directory> current_;
  base::Instant confirmed_{};
};

struct RemoteAccess {
  std::filesystem::path token_file; // bearer token, read for each question; empty: none
  std::string ca_file;              // empty: the system's store
  std::string client_certificate_file, client_key_file; // PEM; both or neither
  base::Milliseconds connect{10'000}, total{120'000};
  std::uint64_t answer_bytes = std::uint64_t{512} << 20;
};
DirectoryTransport http_directory_transport(RemoteAccess access);

} // namespace lookup
