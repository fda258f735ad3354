// The one table of outcomes (design decision 10): what every internal error code means to a peer,
// to the operator and to the metrics; and the texts of every OSCI code (wire reference 10.2, 10.3).
#pragma once
#include "base/error.h"
#include "base/log.h"
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osci {

enum class Reply {
  fault_client, // SOAP fault soap:Client
  fault_server, // SOAP fault soap:Server
  order,        // Feedback entry in the matching answer
  http,         // plain HTTP status; no OSCI answer can exist
  local,        // never sent to a peer
};

enum class Retry { never, same_message, later };

struct Outcome {
  base::ErrorCode error;
  Reply reply;
  unsigned http_status;       // OSCI answers and faults travel with 200 (3.4)
  std::string_view osci_code; // empty for http and local
  base::LogLevel log_level;
  Retry retry; // advice for the sender, used by `osci`
};

const Outcome& outcome(base::ErrorCode error);
std::span<const Outcome> outcomes();

struct CodeText {
  std::string_view code;
  std::string_view german;
  std::string_view english;
};
// nullptr: a code that is neither in 10.2 nor 10.3 nor 3709, our one addition.
const CodeText* code_text(std::string_view code);
std::span<const CodeText> code_texts();

// One Feedback entry as written or read.
struct FeedbackEntry {
  std::string code;
  std::string language;
  std::string text;
};

// First of the wanted languages that can be served ("de-AT" counts as de), else `fallback` (10.5).
std::string choose_language(const std::vector<std::string>& wanted, std::string_view fallback);
FeedbackEntry feedback_entry(std::string_view code, std::string_view language);
// The same as a passive recipient says it: it has no mailboxes, and what it refuses is content.
FeedbackEntry recipient_entry(std::string_view code, std::string_view language);
// Of an internal error, 9811 where it has no code; some errors say more than their code does.
FeedbackEntry feedback_entry(base::ErrorCode error, std::string_view language);

// The whole HTTP body of a SOAP fault (10.4): never signed or encrypted, constant for each code, so
// that causes cannot be told apart. Text in German and English, because no language is known yet.
std::string write_fault(base::ErrorCode error);
// A fault that carries an order-level code: the answer would have to be encrypted, but no
// certificate of the client is known.
std::string write_fault(std::string_view osci_code);

} // namespace osci
