// Certificate inspection of a request: what goes on the process card and which code it means (wire
// reference 8.5, 10.2). Private to osci/.
#pragma once
#include "osci/decide.h"

namespace osci {

struct Inspected {
  std::vector<mailbox::Inspection> inspections;
  std::vector<std::string> warnings;  // 35xx, 37xx; each once
  std::optional<base::Error> refusal; // 95xx (fault) or 97xx (order)
};

// The client's own certificates: cipher (InitDialog and implicit requests) and signature (every
// request).
Inspected inspect_client(const Situation& situation, const crypto::Certificate* cipher,
                         const crypto::Certificate* signature);
// Every certificate of a delivery; `listed` = the addressee is known to the directory.
Inspected inspect_delivery(const Situation& situation,
                           const std::vector<RoleCertificate>& certificates);

} // namespace osci
