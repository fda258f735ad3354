// What the process says when it ends. Documented in `osci --help` and README.md; scripts rely on
// it.
#pragma once
#include "base/error.h"
#include <string>
#include <string_view>

namespace cli {

enum class ExitCode : int {
  ok = 0,
  usage = 1,         // command line, profile or directory file
  key = 2,           // key, certificate or PIN
  network = 3,       // the intermediary cannot be reached, or a signal came first; nothing is known
  refused = 4,       // the intermediary said no
  unverified = 5,    // an answer or content could not be decrypted or verified
  not_found = 6,     // what was asked for by name is not there; an empty mailbox is ok
  file = 7,          // a file cannot be read or written
  nonconforming = 8, // a case of `osci conformance` has failed
  internal = 9,
  invalid = 10, // content that is not valid by its schema, or an answer of "no" to a question asked
};

ExitCode exit_code(base::ErrorCode code);

// What the user can do about a refusal by OSCI code ("9801 text" of base::Error); may be empty.
std::string_view advice(std::string_view osci_code);

// "osci: ..." with what to do, in lines for people. Text of peers is made harmless.
std::string explain(const base::Error& error);

} // namespace cli
