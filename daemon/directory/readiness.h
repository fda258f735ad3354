// Is a municipality ready for an EfA service, and if not, what is missing and who acts next? The
// fourteen checks of domain 5.4 over what is recorded and observed. Pure: no clock, no files. What
// is not known stays unknown and never counts as ready. Thread-safe.
#pragma once
#include "base/clock.h"
#include "crypto/status.h"
#include "crypto/trust.h"
#include "directory/agreements.h"
#include "directory/directory.h"
#include "directory/onboarding.h"
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace directory {

// In the order of domain 5.4.
enum class ReadinessCheck {
  ioev,
  ekv,
  rv,
  ea,
  service,
  responsibility,  // VSM, PVOG
  directory_entry, // DVDV
  certificate,
  mailbox,
  reception, // Fachverfahren, or what was arranged instead
  payment,
  appearance, // coat of arms, privacy link
  test_message,
  clock, // four weeks from complete documents
};
inline constexpr std::size_t kReadinessChecks = 14;

// From best to worst. `not_applicable` says that a record makes the check needless, and which one.
enum class CheckOutcome { not_applicable, ok, warn, unknown, fail };

enum class ReadinessState {
  ready,            // every check is ok or not applicable
  ready_with_notes, // at least one warns, nothing worse
  not_checked,      // at least one is unknown, none fails
  not_ready
};

// Who acts next.
enum class Actor {
  nobody,
  kommunalvertreter,
  municipality, // the body that processes the applications
  it_provider,  // of the municipality
  provider,     // of the online service
  vendor,       // of the Fachverfahren
  dvdv,         // pflegende Stelle of the DVDV
  editors,      // of the Verwaltungssuchmaschine
  operation     // of this intermediary
};

// What a check may find. Outcome, actor and German text of each stand in readiness_text.cpp, in
// this order.
enum class ReadinessFinding {
  // 1 to 4
  agreements_unknown,
  representative_unknown,
  agreement_effective,
  agreement_ending,
  agreement_unconfirmed,
  agreement_not_countersigned,
  agreement_not_yet,
  agreement_draft,
  agreement_ended,
  agreement_missing,
  avv_missing,
  own_land,
  other_agreement,
  agreement_elsewhere,
  agreement_duplicate,
  rv_of_parent,
  rv_transfer_missing,
  ea_of_transferee,
  ea_of_wrong_body,
  body_is_it_provider,
  representative_ambiguous,
  // 5
  service_unknown,
  service_live,
  service_planned,
  service_over,
  service_suspended,
  service_suspension_ahead,
  service_without_version,
  service_version_ending,
  // 6
  responsibility_unknown,
  responsibility_not_checked,
  responsibility_ok,
  responsibility_several,
  responsibility_other_body,
  responsibility_incomplete,
  responsibility_no_url,
  responsibility_other_url,
  responsibility_old,
  // 7
  entry_unknown,
  entry_not_needed,
  entry_ok,
  entry_no_key,
  entry_missing,
  entry_test,
  entry_test_digits,
  entry_category,
  entry_unusual_key,
  entry_no_service,
  entry_other_version,
  entry_no_internet,
  entry_other_intermediary,
  entry_intermediary_unknown,
  // 8
  certificate_unknown,
  certificate_not_needed,
  certificate_ok,
  certificate_missing,
  certificate_chain_unknown,
  certificate_chain_wrong,
  certificate_revocation_unknown,
  certificate_revoked,
  certificate_key_short,
  certificate_key_exception,
  certificate_key_usage,
  certificate_expired,
  certificate_not_yet,
  certificate_expires,
  certificate_of_ca,
  certificate_naming,
  certificate_other_listed,
  certificate_not_mapped,
  // 9
  mailbox_unknown,
  mailbox_not_needed,
  mailbox_ok,
  mailbox_missing,
  mailbox_report_old,
  mailbox_fetch_unknown,
  mailbox_never_fetched,
  mailbox_fetch_late,
  mailbox_fetch_stopped,
  mailbox_unfetched_late,
  mailbox_unfetched_expiring,
  mailbox_filling,
  mailbox_full,
  // 10
  reception_unknown,
  reception_ok,
  reception_alternative,
  reception_no_alternative,
  reception_no_product,
  reception_unconfirmed,
  reception_other_version,
  reception_undated,
  // 11
  payment_unknown,
  payment_not_needed,
  payment_ok,
  payment_free_confirmed,
  payment_free_unconfirmed,
  payment_incomplete,
  // 12
  appearance_unknown,
  appearance_ok,
  appearance_no_coat_of_arms,
  appearance_no_privacy_link,
  // 13
  test_missing,
  test_ok,
  test_not_fetched,
  test_not_acknowledged,
  test_overdue,
  test_times_wrong,
  test_old,
  // 14
  clock_unknown,
  clock_not_started,
  clock_running,
  clock_close,
  clock_late,
  clock_late_but_tested,
  clock_live,
  clock_suspended,
  clock_ended,
  // of files that are handed in as certificates
  handed_in_private_key,
  handed_in_key_store,
  handed_in_unreadable,
  handed_in_listed,
  handed_in_not_listed,
};
inline constexpr std::size_t kReadinessFindings =
    static_cast<std::size_t>(ReadinessFinding::handed_in_not_listed) + 1;

struct Remark {
  ReadinessFinding finding{};
  CheckOutcome outcome = CheckOutcome::unknown;
  Actor actor = Actor::nobody;
  std::string reason; // German, whole sentences; holds names from the records
};

// Which record, file or certificate a check rests on, and of when it is.
struct Evidence {
  std::string record;
  std::optional<base::Instant> date{};
};

struct CheckResult {
  ReadinessCheck check{};
  CheckOutcome outcome = CheckOutcome::unknown; // the worst remark's
  std::vector<Remark> remarks;                  // never empty; worst first
  std::vector<Evidence> evidence;
};

struct Readiness {
  std::array<CheckResult, kReadinessChecks> checks;
  ReadinessState state = ReadinessState::not_checked;
  bool suspended = false; // the service is stopped, or this onboarding
  // The first remark of the first check that is as bad as the whole; null when nothing is left to
  // do. Points into `checks`.
  const Remark* next() const;
};

// How the mailbox is used, as the running intermediary tells.
struct MailboxObservation {
  std::string mailbox;
  base::Instant seen_at{};
  std::optional<base::Instant> last_fetch{}; // or last asked for mail; absent: not known
  bool never_fetched = false;                // though something is there
  std::uint64_t unfetched = 0;
  std::optional<base::Instant> oldest_unfetched{};
  std::optional<std::uint64_t> octets{}, quota{};
  // Fingerprints of the cipher certificates that lead to it; absent: not told.
  std::optional<std::vector<std::string>> certificates{};
};

// A key shorter than 3072 bits that is agreed on for a time.
struct KeyException {
  std::string fingerprint;
  base::Instant until{}; // exclusive
  std::string reference; // who agreed, e.g. a file number
};

// What a certificate is held against (domain 4.6). All borrowed; null: not known.
struct CertificateRules {
  const crypto::TrustStore* anchors = nullptr;
  const crypto::RevocationResults* revocation = nullptr; // by fingerprint
  std::span<const KeyException> exceptions{};
  int rsa_bits = 3072;
  int exception_rsa_bits = 2048; // not even an exception goes below
};

// What speaks for or against a certificate that applications are to be encrypted for; never empty,
// worst first.
std::vector<Remark> judge_certificate(const crypto::Certificate& certificate,
                                      const CertificateRules& rules, base::Instant now);

// Pointers are borrowed; null means not known.
struct ReadinessFacts {
  base::Instant now{};
  const Party* party = nullptr; // the municipality
  const EfaService* service = nullptr;
  const Agreements* agreements = nullptr; // the one that party and service are of
  std::string agreements_source;          // file name, as evidence
  const Directory* directory = nullptr;
  std::string directory_source; // file name, as evidence
  std::optional<base::Instant> directory_date{};
  std::string own_intermediary; // URL that the directory should name; empty: not known
  CertificateRules certificate_rules{};
  std::span<const MailboxObservation> mailboxes{};
  std::string mailbox_source;
  const TestMessage* test_message = nullptr; // just sent; instead of the recorded one
};

Readiness judge_readiness(const ReadinessFacts& facts);

// The body that processes the applications of `party` for `service` at `now`: the party itself, or
// whoever the task has been transferred to.
const Party& processing_body(const Agreements& agreements, const Party& party,
                             const EfaService& service, base::Instant now);
// The entry of the directory that receives for `body`: of the service's category where there are
// several. Null: none is listed.
const Organisation* receiving_organisation(const Directory& directory, const Party& body,
                                           const EfaService& service);

} // namespace directory
