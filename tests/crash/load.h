// The clients of a crash campaign. They do not know when the daemon dies; they see broken
// connections and behave as clients in the field do.
#pragma once
#include "crash/history.h"
#include "http/client.h"
#include "support/intermediary.h"
#include <atomic>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace crash {

// What all clients share.
struct Field {
  Ledger& ledger;
  std::string url;
  std::string recipient_url{};       // of the passive recipient
  std::atomic<bool> stopping{false}; // finish what you have begun
};

// One HTTP client of one party, one thread.
class Client {
 public:
  Client(Field& field, const std::string& party, std::uint64_t seed);

  enum class Patience {
    once_more, // as Java's HttpURLConnection: re-sends once, at once, then reports failure
    for_ever,  // goes on with the same bytes until there is an answer
  };
  // The answer; nullopt: given up after a broken connection, or a fault or unreadable answer, which
  // is noted as unexpected.
  std::optional<osci::Answer> exchange(const std::string& bytes, Patience patience);
  // Whether the connection broke during the latest exchange().
  bool interrupted() const { return interrupted_; }
  bool chance(double probability);
  std::uint64_t draw(std::uint64_t from, std::uint64_t to);
  std::string octets(std::size_t size);

  Field& field;
  support::Party party;

 private:
  http::Client http_;
  std::mt19937_64 random_;
  bool interrupted_ = false;
};

// An explicit dialog that survives the daemon's death, as long as every answer is awaited.
class Conversation {
 public:
  explicit Conversation(Client& client) : client_(client) {}
  bool open();
  // nullopt: the dialog is over for this client.
  std::optional<osci::Answer> send(osci::Request request, Client::Patience patience);
  // The octets of the latest send() once more.
  std::optional<osci::Answer> again(Client::Patience patience);

 private:
  Client& client_;
  std::string id_, challenge_, latest_;
  std::uint32_t sequence_ = 0;
};

std::string first_code(const osci::Answer& answer);
// Adds up to three attachments.
void attach(Client& client, osci::Request& request);

enum class Payload { small, large, attachments };

// Message ids of stored deliveries come from the daemon; nullopt: given up.
std::optional<std::string> store_one(Client& client, Payload payload);
// Fetches until the mailbox is empty or `at_most` were fetched. With `careless`, leaves some
// deliveries unacknowledged and takes some by chunks; without, it is quick. Returns how many
// deliveries came.
std::size_t fetch_some(Client& client, std::size_t at_most, bool careless);
// Process cards of every delivery that was sent or pushed, and of replies.
std::map<std::string, mailbox::ProcessCard> read_cards(Client& client);

// Threads that store and fetch from construction until stop(), across any number of deaths.
class Load {
 public:
  Load(Field& field, std::uint64_t seed);
  ~Load() { stop(); }
  void stop(); // the daemon must be alive
 private:
  void run(const std::function<void()>& step);
  Field& field_;
  std::vector<std::thread> threads_;
};

} // namespace crash
