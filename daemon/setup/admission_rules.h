// What the gateway lets in, from [admission]. Read at the start.
#pragma once
#include "gateway/admission.h"
#include "ops/config.h"

namespace setup {

gateway::AdmissionRules admission_rules(const ops::Config& config);

} // namespace setup
