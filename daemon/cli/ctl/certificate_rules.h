// What certificates are held against on the command line: anchors, revocation lists, agreed
// exceptions (domain 4.6).
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "crypto/crl.h"
#include "directory/readiness.h"
#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

namespace cli::ctl {

struct RuleOptions {
  std::vector<std::string> anchors, intermediates, crls, key_exceptions;
};
void add_rules(CLI::App& app, RuleOptions& options);

// Owns what directory::CertificateRules borrows.
class Rules {
 public:
  // Errors: file_error, key_error, invalid_config.
  static base::Result<Rules> read(const RuleOptions& options, base::Instant now);

  // Looks the certificate up in the lists, it and its issuers up to the anchor. Without lists, or
  // where one of them is in none: nothing is noted, and so its revocation stays unknown.
  void note_revocation(const crypto::Certificate& certificate,
                       const std::vector<crypto::Certificate>& more_intermediates = {});
  // Borrowed from this; `more_intermediates`: sent along with the certificate.
  std::vector<directory::Remark>
  judge(const crypto::Certificate& certificate,
        const std::vector<crypto::Certificate>& more_intermediates) const;
  directory::CertificateRules rules() const;
  bool has_anchors() const { return !anchors_.empty(); }

 private:
  std::unique_ptr<crypto::TrustStore>
  store(const std::vector<crypto::Certificate>& more_intermediates) const;

  base::Instant now_{};
  std::vector<crypto::Certificate> anchors_, intermediates_;
  std::shared_ptr<crypto::TrustStore> trust_;
  std::vector<std::string> lists_; // DER
  std::vector<directory::KeyException> exceptions_;
  crypto::RevocationResults revocation_;
};

} // namespace cli::ctl
