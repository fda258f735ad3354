// What a workload was promised up to a moment, what is found after it, and the judgement of both:
// a pure function, so that the self-test can falsify copies and demand complaints.
//
// Marks are words between blanks. Each operation is told as "begin OP ...", then "told OP ..." or
// "failed OP ... CODE":
//   store ID CREATION | dialog CONVERSATION | turn CONVERSATION SEQUENCE [ID or -]
//   chunk ID NUMBER | piece ID NUMBER DIGEST CONVERSATION
//   push ID | forward ID | finish ID
//   purge ID... (one transaction) | backup all (into the folder beside the state)
// besides "refused ID" (another use of a consumed id was refused), "gave-up WHAT", "unexpected
// WHAT". Times are milliseconds since 1970.
#pragma once
#include "base/clock.h"
#include "mailbox/process_card.h"
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fault {

// How far an operation has come.
struct Step {
  bool begun = false; // it may have happened
  bool told = false;  // it has
};

struct KnownDelivery {
  Step store;
  base::Instant creation{};
  Step handed;                                 // in an answer to a fetch
  Step received;                               // acknowledged by the next turn
  std::map<std::uint32_t, std::string> pieces; // of the frozen answer, by number: digest
  std::string piece_dialog;
  Step purged; // its content is gone, its card is not
};

struct KnownPush {
  Step begin, forward, finish;
};

struct KnownDialog {
  Step open;
  std::uint32_t told = 0;  // next sequence, by the last answer
  std::uint32_t maybe = 0; // by the last request
};

struct History {
  std::map<std::string, KnownDelivery> deliveries;
  std::map<std::string, KnownPush> pushes;
  std::map<std::string, KnownDialog> dialogs;
  std::map<std::string, std::map<std::uint32_t, Step>> chunks;
  Step backup;
  std::set<std::string> backed_up; // told as stored, and not purged, before the backup began
  bool fetching = false; // a fetch has begun and is not answered: any delivery may be handed out
  std::vector<std::string> unexpected;
  std::uint64_t promises = 0; // answers so far

  void add(std::string_view mark);

 private:
  std::map<std::string, std::set<std::string>> awaiting_; // by dialog
};

struct FoundDelivery {
  std::string digest; // of what came out
  std::string mailbox;
};

struct FoundTransfer {
  std::set<std::uint32_t> received;
  bool finished = false; // with a result
  bool damaged = false;  // put together it is not what was sent
};

struct FoundPush {
  bool forwarded = false, finished = false;
  std::string code;
  std::string reply; // digest
};

// What a new process finds.
struct Found {
  std::optional<std::string> no_start; // why the store did not open
  std::map<std::string, mailbox::ProcessCard> cards;
  std::map<std::string, FoundDelivery> content;               // read by id
  std::vector<std::pair<std::string, FoundDelivery>> offered; // as new, in this order
  std::map<std::string, FoundTransfer> transfers;
  std::map<std::string, std::map<std::uint32_t, std::string>> pieces;
  std::map<std::string, FoundPush> pushes;
  std::map<std::string, std::uint32_t> dialogs;               // next sequence
  std::optional<std::map<std::string, FoundDelivery>> backup; // what a store restored from it has
  std::vector<std::string> damage; // told loudly: quarantine, storage_failure
  std::vector<std::string> stuck;  // what does not work any more
};

enum class Rule {
  lost,            // promised as stored, and not there
  altered,         // other content than sent
  invented,        // nobody sent it, or it was refused, or it was purged
  delivered_twice, // offered as new after its acknowledgement was answered
  card,            // a card that says something else than what happened
  forgotten,       // a dialog, chunk, frozen piece, push or backup that was promised
  damaged,         // a row without its file, or the like
  no_start,        // the store does not open
  stuck,           // it opens, and does not work
  unexpected,      // an answer or an end that should not have been
};
std::string_view to_string(Rule rule);

struct Violation {
  Rule rule;
  std::string about; // id of the delivery, if it is about one
  std::string what;
};

std::vector<Violation> judge(const History& history, const Found& found);

} // namespace fault
