// The way to the intermediary with a stopwatch.
#pragma once
#include "base/clock.h"
#include "cli/load/tally.h"
#include "client/transport.h"
#include "http/client.h"
#include <optional>
#include <string>

namespace cli::load {

// As HttpTransport, but notes each HTTP status and each failure in a Tally. One thread.
class MeteredTransport final : public client::Transport {
 public:
  // Borrowed: tally.
  MeteredTransport(std::string url, const std::string& ca_file, http::ClientLimits limits,
                   Tally& tally)
      : http_(ca_file), url_(std::move(url)), limits_(limits), tally_(tally) {}

  base::Result<client::Reply> post(const std::string& body) override;

  // Of the last attempt.
  std::chrono::microseconds last_took() const { return last_took_; }
  void note_last(Operation operation) const { tally_.sample(operation, last_took_); }
  // Between two attempts with the same octets, which the session asks for: as long as it wants,
  // and at least as long as the intermediary does (Retry-After, up to a minute). Ends on a signal.
  void pause_before_repeat(base::Milliseconds wait);

 private:
  http::Client http_;
  std::string url_;
  http::ClientLimits limits_;
  Tally& tally_;
  std::chrono::microseconds last_took_{0};
  std::optional<std::chrono::seconds> retry_after_;
};

} // namespace cli::load
