// The numbers of a load run, counted by many threads.
#pragma once
#include "base/result.h"
#include "cli/load/histogram.h"
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace cli::load {

// Named as OSCI names its messages: how long their answers took on the wire, from dialling to the
// last octet, each attempt that was answered. The others are the tool's own.
enum class Operation {
  init_dialog,
  get_message_id,
  store_delivery,
  fetch_delivery, // with a delivery in the answer
  fetch_empty,    // nothing there (9803)
  exit_dialog,
  sealing,    // the source's own work on a content: encrypting and signing it
  opening,    // the sink's: decrypting and verifying it
  delivery,   // from when the message was due to its verified receipt
  empty_poll, // from when the poll was due to the verified answer to ExitDialog
  waiting,    // from Creation to Forwarding, by the intermediary's clock
};
inline constexpr std::size_t kOperations = 11;
std::string_view to_string(Operation operation);

struct OperationNumbers {
  Histogram latency;
  std::uint64_t octets = 0;
};

struct Numbers {
  std::array<OperationNumbers, kOperations> operations;
  // "StoreDelivery 0800", "HTTP 503", "network: connect".
  std::map<std::string, std::uint64_t, std::less<>> outcomes;

  const OperationNumbers& of(Operation operation) const {
    return operations[static_cast<std::size_t>(operation)];
  }
  std::uint64_t outcome(std::string_view name) const;
};

// Thread-safe.
class Tally {
 public:
  // `octets`: of content, for MB/s.
  void sample(Operation operation, std::chrono::microseconds took, std::uint64_t octets = 0);
  void outcome(std::string_view name);
  Numbers numbers() const;

 private:
  // Peers choose words in outcomes; past this many different ones they are all "others".
  static constexpr std::size_t kMostOutcomes = 200;
  mutable std::mutex mutex_;
  Numbers numbers_;
};

// An error in few words, without what differs each time: the OSCI code, "HTTP 404", or its kind
// with the step that failed ("network: connect").
std::string short_name(const base::Error& error);

} // namespace cli::load
