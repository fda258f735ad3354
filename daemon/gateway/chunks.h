// Chunked transfers between the protocol's plan and the store: waits for the processing of what is
// complete, freezes answers that are fetched in chunks. Private to gateway/.
#pragma once
#include "gateway/gateway.h"
#include <map>

namespace gateway {

// All members on the gateway's executor.
class Chunks {
 public:
  // Parts with transfers and bulk.
  explicit Chunks(Gateway::Parts parts) : parts_(parts) {}

  static bool serves(const osci::Plan& plan);
  // Carries out a plan that serves() is true for. May turn it into an ordinary fetch
  // (fetch_whole()), which is then still to be carried out: the outcome is monostate. Errors as of
  // a store; nothing changed then, not even the dialog's turn.
  asio::awaitable<base::Result<osci::StoreOutcome>>
  carry_out(std::shared_ptr<osci::Plan> plan, std::shared_ptr<const Settings> settings);

  asio::awaitable<void> resume(std::shared_ptr<const Settings> settings);
  asio::awaitable<void> expire(base::Instant unused_before);
  std::size_t in_work() const { return in_work_.size(); }

 private:
  // A reassembled message in work.
  struct Processing;

  asio::awaitable<base::Result<osci::StoreOutcome>> put(std::shared_ptr<osci::Plan> plan,
                                                        std::shared_ptr<const Settings> settings);
  asio::awaitable<base::Result<osci::StoreOutcome>> tell(std::shared_ptr<osci::Plan> plan,
                                                         std::shared_ptr<const Settings> settings);
  asio::awaitable<base::Result<osci::StoreOutcome>> fetch(std::shared_ptr<osci::Plan> plan,
                                                          std::shared_ptr<const Settings> settings);

  // Fills in the result of a complete transfer, or why there is none yet.
  asio::awaitable<void> await_result(std::shared_ptr<osci::TransferReport> report,
                                     std::shared_ptr<const Settings> settings);
  std::shared_ptr<Processing> start(const mailbox::TransferKey& key,
                                    std::shared_ptr<const Settings> settings,
                                    const asio::any_io_executor& executor);
  asio::awaitable<void> process(mailbox::TransferKey key, std::shared_ptr<Processing> processing,
                                std::shared_ptr<const Settings> settings);

  Gateway::Parts parts_;
  std::map<mailbox::TransferKey, std::shared_ptr<Processing>> in_work_;
};

} // namespace gateway
