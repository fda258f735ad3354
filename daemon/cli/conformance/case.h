// What a conformance case is, and how it says what it found.
#pragma once
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cli::conformance {

class Bench;

enum class Verdict {
  passed,
  failed,
  not_run,     // something that the user did not give is missing
  not_offered, // the intermediary does not announce or serve it, and need not
};
std::string_view to_string(Verdict verdict);

// How a case ends early. Exceptions, because a case is a straight line of steps each of which may
// end it, as in any test framework; the runner catches them case by case.
struct Unmet : std::runtime_error { // the intermediary did something else than it must
  using std::runtime_error::runtime_error;
};
struct NotRun : std::runtime_error { // what is missing: "--second-recipient"
  using std::runtime_error::runtime_error;
};
struct NotOffered : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Unreachable : std::runtime_error { // no answer from the network
  using std::runtime_error::runtime_error;
};

struct Case {
  std::string group;                      // "dialog"
  std::string name;                       // "wrong-response"
  std::string section;                    // of the wire reference, e.g. "7.2, 14.5 C6"
  std::string title;                      // what is checked, one sentence
  std::string expected;                   // codes or a word, for the report
  std::function<std::string(Bench&)> run; // returns what was observed
  std::string full_name() const { return group + "." + name; }
};

// Every case, in the order in which they run.
std::vector<Case> all_cases();

// The groups, each in a file of its own (cases_GROUP.cpp).
void add_transport(std::vector<Case>& out);
void add_encryption(std::vector<Case>& out);
void add_structure(std::vector<Case>& out);
void add_signature(std::vector<Case>& out);
void add_dialog(std::vector<Case>& out);
void add_store(std::vector<Case>& out);
void add_fetch(std::vector<Case>& out);
void add_cards(std::vector<Case>& out);
void add_feedback(std::vector<Case>& out);
void add_headers(std::vector<Case>& out);
void add_certificates(std::vector<Case>& out);
void add_chunks(std::vector<Case>& out);
void add_transfer(std::vector<Case>& out); // whole transfers; of the group "chunks"
void add_push(std::vector<Case>& out);
void add_passive(std::vector<Case>& out); // with a recipient that listens; of the group "push"
void add_mediate(std::vector<Case>& out); // likewise
void add_security(std::vector<Case>& out);

// "store", "store.id-twice", or both with '*' at the end ("dialog.wrong*"). Empty list: all.
std::vector<Case> selected(std::vector<Case> cases, const std::vector<std::string>& only);

} // namespace cli::conformance
