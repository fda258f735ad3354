// The recipient's end of a push: listens where the intermediary's directory lists the recipient,
// answers through the same client::Recipient as `osci serve`, or as badly as a case wants, and
// remembers what came. Its own thread answers; the members are for the one thread of the bench.
#pragma once
#include "base/random.h"
#include "client/recipient.h"
#include "http/server.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cli::conformance {

// Where it listens, and what the intermediary's directory lists for that.
struct ListenAt {
  std::string address = "127.0.0.1"; // numeric
  std::uint16_t port = 0;
  std::string uri; // ContentReceiver; behind a TLS proxy another one than that of the socket
};

// How the next pushes are answered. The default accepts; a ProcessDelivery without `verdict.reply`
// is accepted without content.
struct Behaviour {
  client::Verdict verdict{};
  std::optional<crypto::KeyPair> signature{}; // signs instead of the recipient's own
  // The body of the HTTP answer instead of the client module's.
  std::function<std::string(const osci::Request&)> body{};
  unsigned status = 200;
  bool silent = false;   // reads and does not answer until told to stop
  bool hangs_up = false; // reads and closes the connection
};

class PassiveRecipient {
 public:
  PassiveRecipient(ListenAt at, client::Identity identity, client::Intermediary intermediary);
  ~PassiveRecipient();

  const std::string& uri() const { return at_.uri; }
  // Begins to listen unless it does already. Throws std::runtime_error when the port is taken.
  void start();
  // Nobody listens any more; requests without answer lose their connection.
  void stop();
  // Also forgets what came so far, and listens.
  void behave(Behaviour behaviour);

  // HTTP requests since behave(), also those that were no push.
  std::size_t calls() const;
  // What the client module took for genuine, since behave(): encrypted for the recipient and
  // signed, completely, by the pinned intermediary.
  std::vector<osci::Request> pushes() const;
  // Why the client module refused a request; empty: it refused none.
  std::string refused() const;
  // Body of the last answer.
  std::string last_answer() const;

 private:
  struct Running;
  http::Response answer(const http::Request& request);

  const ListenAt at_;
  const client::Identity identity_;
  const client::Intermediary intermediary_;
  base::SystemRandom random_;
  mutable std::mutex mutex_; // of what follows
  Behaviour behaviour_;
  std::size_t calls_ = 0;
  std::vector<osci::Request> pushes_;
  std::string refused_, last_answer_;
  std::unique_ptr<Running> running_;
};

} // namespace cli::conformance
