// Private to readiness*.cpp: what the fourteen checks share.
#pragma once
#include "directory/entitlement.h"
#include "directory/readiness.h"
#include "directory/readiness_text.h"
#include <initializer_list>
#include <string>
#include <utility>

namespace directory::readiness {

// One check in the making.
class Findings {
 public:
  explicit Findings(ReadinessCheck check) { result_.check = check; }
  void add(ReadinessFinding finding, std::initializer_list<std::string> arguments = {}) {
    result_.remarks.push_back(remark(finding, arguments));
  }
  void add(ReadinessFinding finding, std::initializer_list<std::string> arguments, Actor actor) {
    result_.remarks.push_back(remark(finding, arguments, actor));
  }
  void add(Remark one) { result_.remarks.push_back(std::move(one)); }
  void rests_on(std::string record, std::optional<base::Instant> date = {}) {
    result_.evidence.push_back({std::move(record), date});
  }
  bool empty() const { return result_.remarks.empty(); }
  CheckResult done() &&; // worst remark first

 private:
  CheckResult result_;
};

// The facts, and what every second check looks up in them. Null: not known.
struct Question {
  explicit Question(const ReadinessFacts& given);

  const ReadinessFacts& facts;
  const Party* body = nullptr; // that processes the applications
  const Organisation* receiver = nullptr;
  const Reception* reception = nullptr;
  std::optional<Entitlement> entitlement{};
  // Applications do not come by OSCI at all, and that is on record.
  bool elsewhere() const {
    return reception != nullptr && reception->kind == ReceptionKind::alternative &&
           !reception->alternative.empty();
  }
  // What is recorded of the body that does the work, or else of the municipality.
  template <class T>
  const T* of_body(const T* (Agreements::*find)(std::string_view, std::string_view) const) const {
    if (!facts.agreements || !facts.party || !facts.service) return nullptr;
    const auto* found = (facts.agreements->*find)(body->id, facts.service->id);
    return found ? found : (facts.agreements->*find)(facts.party->id, facts.service->id);
  }
  // "agreements.toml: Empfang ..."
  std::string record(const std::string& what) const;
};

std::string quoted(const std::string& text);

// 1 to 4, in readiness_agreements.cpp.
CheckResult check_agreement(const Question& question, ReadinessCheck check);
// 8, in readiness_certificate.cpp.
CheckResult check_certificate(const Question& question);

} // namespace directory::readiness
