#include "cli/load/metered_session.h"

namespace cli::load {
namespace {

http::ClientLimits limits_of(const CommonOptions& o) {
  http::ClientLimits out;
  out.total = std::chrono::seconds(o.timeout_seconds);
  return out;
}

client::Options options_of(const CommonOptions& o) {
  client::Options out;
  out.retry.attempts = o.attempts;
  out.open.allow_cbc = out.open.allow_3des = out.open.allow_rsa15 = o.legacy_ciphers;
  out.content.allow_cbc = out.content.allow_rsa15 = o.legacy_ciphers;
  return out;
}

} // namespace

MeteredSession::MeteredSession(const CommonOptions& options, const Parties& parties, Tally& tally)
    : transport_(options.url, options.ca_file, limits_of(options), tally),
      session_(transport_, parties.identity, parties.intermediary, options_of(options), random_,
               [this](base::Milliseconds wait) { transport_.pause_before_repeat(wait); }) {}

} // namespace cli::load
