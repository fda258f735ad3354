// `dataclearingctl readiness --send-test`: a message that says of itself that it is a test, and
// what becomes of it (domain 5.4, check 13).
#pragma once
#include "base/result.h"
#include "cli/settings.h"
#include "directory/directory.h"
#include "directory/onboarding.h"
#include <CLI/App.hpp>
#include <string>

namespace cli::ctl {

struct TestOptions {
  CommonOptions common;
  bool send = false;
  int wait_seconds = 300;
};
// `--send-test`, `--wait`, and how the intermediary is reached (as `osci send`).
void add_test_message(CLI::App& app, TestOptions& options);

struct TestOrder {
  const directory::Directory& directory;
  const directory::Organisation& recipient;
  std::string service; // URI
};

// Stores it, then looks at its process card until it is received or the time has passed; says on
// stderr what happens. Blocks; SIGINT ends the waiting. Errors: as `osci send`.
base::Result<directory::TestMessage> send_test_message(CLI::App& app, TestOptions& options,
                                                       const TestOrder& order);

} // namespace cli::ctl
