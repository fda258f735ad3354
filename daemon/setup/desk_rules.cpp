#include "setup/desk_rules.h"
#include "setup/files.h"

namespace setup {

using base::ErrorCode;
using base::fail;

base::Result<authority::DeskRules> desk_rules(const ops::Config& config,
                                              base::RandomSource& random) {
  const auto& asked = config.revocation;
  authority::DeskRules out;
  out.check_revocation = asked.mode != ops::RevocationMode::off;
  out.private_addresses = asked.private_addresses;
  out.folder = config.state.directory / "revocation";
  out.revocation = {asked.mode == ops::RevocationMode::require,
                    asked.order == ops::RevocationOrder::crl,
                    asked.max_age,
                    asked.grace,
                    asked.timeout,
                    asked.budget,
                    asked.retry,
                    asked.cache};
  if (config.timestamp.url.empty()) return out;
  auto anchors = read_certificates(config.timestamp.anchors);
  if (!anchors) return anchors.error();
  if (anchors->empty())
    return fail(ErrorCode::invalid_config,
                "[timestamp] anchors is empty: no token of that authority could be verified");
  auto& stamps = out.timestamps;
  stamps.url = config.timestamp.url;
  stamps.anchors = std::move(*anchors);
  stamps.policy = config.timestamp.policy;
  stamps.limit = config.timestamp.timeout;
  stamps.retry = config.timestamp.retry;
  if (const auto request = crypto::make_timestamp_request("", stamps.policy, random); !request)
    return fail(ErrorCode::invalid_config, "[timestamp] policy: not an OID");
  return out;
}

} // namespace setup
