// The passive recipient of a crash campaign: the recipient of `client` behind a real listener, in a
// thread of its own. It never dies; that a delivery reaches it twice is the daemon's doing alone.
#pragma once
#include "client/recipient.h"
#include "crash/history.h"
#include "http/server.h"
#include <boost/asio/io_context.hpp>
#include <random>
#include <thread>

namespace crash {

class PassiveRecipient {
 public:
  // Listens on a loopback port that the kernel chooses. What arrives completely goes into `ledger`
  // before it is answered. Throws std::runtime_error.
  PassiveRecipient(Ledger& ledger, std::uint64_t seed);
  ~PassiveRecipient() { stop(); }
  PassiveRecipient(const PassiveRecipient&) = delete;
  PassiveRecipient& operator=(const PassiveRecipient&) = delete;

  std::string url() const { return url_; }
  // Lets what has begun to arrive come to its end. Any thread.
  void stop();

 private:
  boost::asio::awaitable<http::Response> serve(std::shared_ptr<const http::Request> request);
  http::Response answer(const http::Request& request);
  client::Verdict decide(const client::Pushed& pushed, PushReceived& received);
  std::string reply_digest(const std::string& answer) const;

  Ledger& ledger_;
  std::mt19937_64 draw_;   // thread_ only
  std::uint64_t seen_ = 0; // thread_ only
  mutable base::SystemRandom random_;
  client::Recipient recipient_;
  boost::asio::io_context io_{1};
  http::Server server_;
  std::string url_;
  std::thread thread_;
};

} // namespace crash
