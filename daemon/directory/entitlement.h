// May this service deliver to this body at this moment? The chain of contracts of the reuse model
// (Nachnutzungsmodell, domain 5.2): IÖV, EKV, RV, EA, or another contract instead. Pure, thread-
// safe, some microseconds.
//
// Judged is the moment of acceptance. What has been accepted stays fetchable whatever becomes of
// the contracts: nobody may ask this for a fetch. Contract gaps are an administrative matter and a
// refusal may cost a citizen a deadline, so what comes of the answer (AgreementMode: off, observe,
// enforce) is for the caller.
#pragma once
#include "base/clock.h"
#include "directory/agreements.h"
#include "directory/directory.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace directory {

enum class EntitlementCode {
  // of the service
  service_unknown,
  service_planned,
  service_ended,
  service_suspended, // though contracts stay valid
  version_not_yet,   // the service URI, before its cut-over
  version_ended,     // the service URI, after it
  // of the recipient
  recipient_unknown, // no party answers for the organisation
  recipient_is_it_provider,
  test_organisation, // takes no applications; test messages are no matter of contracts
  land_unknown,
  representative_missing,   // no Kommunalvertreter of its Land
  representative_ambiguous, // two claim the Land (a note: one complete chain is enough)
  // of an agreement: EntitlementFinding::agreement says of which kind
  missing,
  draft,
  signed_only,
  unconfirmed,
  not_yet,
  ended,
  terminated,
  avv_missing,
  wrong_representative, // closed with a Kommunalvertreter of another Land
  wrong_body,           // EA signed by another one than the body that processes the data
  by_it_provider,       // EA signed by an IT provider, which cannot sign instead
  transfer_missing,     // RV of the city, but no task transfer to its AöR on record then
  // notes, which do not speak against a delivery
  backdated,           // it counts although it was signed only later
  of_predecessor,      // closed by a municipality that has gone into this one
  of_successor,        // closed by the municipality that this one has gone into
  duplicate,           // a second EA for the same service, from the city or its AöR
  task_transferred,    // somebody else does the task now
  not_for_party,       // one organisation for several bodies, and this one has no agreement
  not_in_directory,    // agreed, but unreachable
  service_not_offered, // agreed and listed, but not for this service URI
};

struct EntitlementFinding {
  EntitlementCode code = EntitlementCode::missing;
  std::optional<AgreementKind> agreement;
  std::string
      record;        // id of the agreement, URI of the version, reason of the suspension, party ...
  std::string party; // whom it concerns; empty: the service
  bool blocks = true; // false: a note
};

enum class ChainStep { own_land, ioev, ekv, rv, transfer, ea, other };

struct ChainLink {
  ChainStep step = ChainStep::ea;
  std::string record; // id of the agreement; own_land, transfer: of the party on the other side
};

struct Entitlement {
  bool entitled = false;
  std::string service, party;   // ids; of several parties the one that carries it
  std::vector<ChainLink> chain; // what carries it, as far as it is there
  std::vector<EntitlementFinding> findings;
};

struct EntitlementQuestion {
  std::string_view service;   // URI as in the Qualifier, or id
  std::string_view recipient; // organisation key in any spelling, or id of a party
  base::Instant at;
  // Who of those that answer for the organisation is meant; empty: anyone is enough, because a
  // message does not say so.
  std::string_view party{};
  // Adds whether the organisation is a test one, is listed and offers the service. Null: not asked.
  const Directory* directory = nullptr;
};

Entitlement judge_entitlement(const Agreements& agreements, const EntitlementQuestion& question);

// For logs and machines: "rv_missing", "service_suspended".
std::string machine_code(const EntitlementFinding& finding);
std::string_view to_string(ChainStep step);
// A sentence for the people who have to act; with the names of the parties instead of their ids.
std::string german(const EntitlementFinding& finding, const Agreements& agreements);
std::string german(const EntitlementFinding& finding);

// What an installation does about it: the service's own mode before the installation's. A service
// URI that is not listed has the installation's.
AgreementMode mode_of(const Agreements& agreements, std::string_view service,
                      AgreementMode installation);

} // namespace directory
