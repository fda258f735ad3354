// All questions to authorities under one roof: transports, what is kept, threads.
#pragma once
#include "authority/http_transport.h"
#include "authority/revocation.h"
#include "authority/timestamps.h"
#include <filesystem>

namespace authority {

struct DeskRules {
  bool check_revocation = true;
  bool private_addresses = false; // addresses in certificates may be loopback or private
  RevocationRules revocation;
  std::filesystem::path folder; // of the evidence
  TimestampRules timestamps;    // without url: none are to be had
};

// On one executor; `clock` and `random` outlive it. Before it ends, stop().
class Desk {
 public:
  Desk(asio::any_io_executor executor, DeskRules rules, const base::Clock& clock,
       base::RandomSource& random);

  RevocationChecker* revocation() { return check_revocation_ ? &revocation_ : nullptr; }
  TimestampAuthority* timestamps() { return offers_timestamps_ ? &timestamps_ : nullptr; }
  asio::awaitable<void> stop() { return revocation_.stop(); }

 private:
  const bool check_revocation_;
  const bool offers_timestamps_;
  HttpTransport to_authorities_;
  HttpTransport to_timestamps_; // its address stands in the configuration: any will do
  EvidenceFolder evidence_;
  LinkStatusSource statements_;
  async::WorkPool inquiries_;
  RevocationChecker revocation_;
  TimestampAuthority timestamps_;
};

} // namespace authority
