// Who gets an application: LeiKa key and region lead to the competent body, from there to its
// organisation in the directory, the service valid then and the URL of the online service (domain
// 2.1). Pure, thread-safe. Says nothing about contracts: see entitlement.h.
#pragma once
#include "base/clock.h"
#include "directory/agreements.h"
#include "directory/directory.h"
#include <string>
#include <string_view>
#include <vector>

namespace directory {

enum class ResponsibilityCode {
  leika_invalid,
  region_invalid,
  region_unknown, // or not yet, or no longer
  none_competent,
  several_competent, // legal at the source; somebody has to choose
  body_unknown,      // the source's body is no party of ours
  service_unknown,   // no service for this LeiKa key
  several_services,
  version_missing,      // no version of the service is valid then
  organisation_missing, // the body has none that could receive this
  several_organisations,
  not_in_directory,
  service_not_offered,
  // notes
  region_changed,   // the key has ended; its successor counts
  by_kreis,         // the Kreis does it for the municipality
  task_transferred, // another body does it for the competent one
  url_differs,      // the source tells another URL than the service's
};

struct ResponsibilityFinding {
  ResponsibilityCode code = ResponsibilityCode::none_competent;
  std::vector<std::string> records; // what it is about, or may be chosen from
  bool blocks = true;
};

struct ResponsibilityQuestion {
  std::string_view leika, region; // region: AGS, ARS or Kreis in any spelling
  base::Instant at;
  // A choice where there are several; empty: none made.
  std::string_view party{}, service{}, organisation{};
  const Directory* directory = nullptr; // null: what the directory says is not asked
};

struct ResponsibilityAnswer {
  const Region* region = nullptr;              // that the key means then
  std::vector<const Responsibility*> recorded; // more than one: several_competent
  const Party* competent = nullptr;
  const Party* acting = nullptr; // that does the task; mostly the competent one
  const EfaService* service = nullptr;
  std::string service_uri, organisation, online_url; // empty: not found
  std::vector<ResponsibilityFinding> findings;       // in the order of the chain

  bool found() const; // nothing blocks: organisation and service URI are there
};

// Pointers live as long as the snapshot. The chain ends at the first finding that blocks.
ResponsibilityAnswer find_responsible(const Agreements& agreements,
                                      const ResponsibilityQuestion& question);

std::string_view to_string(ResponsibilityCode code);
// A sentence for people.
std::string german(const ResponsibilityFinding& finding);

} // namespace directory
