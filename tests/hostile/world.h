// What an attacker works with: genuine messages of a sender, and tools to take them apart.
#pragma once
#include "cli/conformance/tamper.h"
#include "support/intermediary.h"
#include <string>
#include <string_view>

namespace hostile {

// The tools that take messages apart are those of `osci conformance`.
using namespace cli::conformance;

// A certificate that no trust anchor knows.
const crypto::KeyPair& stranger();

struct World {
  support::Intermediary intermediary;
  support::Party sender{"sender"};
  support::Party recipient{"recipient"};

  std::string fresh_id() {
    return intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  }
  osci::Request delivery() { return sender.delivery(fresh_id(), "Wohngeldantrag"); }
  std::string clear(const osci::Request& request) { return sender.seal(request, true, false); }
  std::string wrap(std::string_view plain) { return wrapped(plain, sender.encrypting()); }
  std::size_t stored(); // deliveries in both mailboxes
};

} // namespace hostile
