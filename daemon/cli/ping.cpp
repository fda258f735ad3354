#include "cli/commands.h"
#include "cli/settings.h"
#include "cli/text.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

namespace cli {
namespace {

struct PingOptions {
  CommonOptions common;
};

long long days_left(const crypto::Certificate& certificate, base::Instant now) {
  return std::chrono::duration_cast<std::chrono::hours>(certificate.not_after() - now).count() / 24;
}

boost::json::object to_json(const crypto::Certificate& certificate, base::Instant now) {
  return {{"subject", harmless(certificate.subject())},
          {"sha256", certificate.fingerprint()},
          {"not_after", base::format_datetime(certificate.not_after())},
          {"days_left", days_left(certificate, now)}};
}

void print(const char* label, const crypto::Certificate& certificate, base::Instant now) {
  const auto days = days_left(certificate, now);
  std::cout << label << harmless(certificate.subject()) << "\n            SHA-256 "
            << certificate.fingerprint() << "\n            valid until "
            << base::format_datetime(certificate.not_after())
            << (now >= certificate.not_after() ? " (EXPIRED)"
                                               : " (" + std::to_string(days) + " days)")
            << "\n";
}

ExitCode ping(const PingOptions& o) {
  auto connection = Connection::make(o.common);
  if (!connection) return give_up(connection.error());
  auto& at = **connection;
  const auto begin = at.clock().now();
  const auto issued = at.session().get_message_id();
  const auto end = at.clock().now();
  if (!issued) return give_up(issued.error());
  const auto& cipher = at.intermediary().cipher;
  const long long ms = (end - begin).count();
  if (o.common.json) {
    boost::json::array features;
    for (const auto& key : issued->features.keys) features.push_back(boost::json::string(key));
    std::cout << boost::json::serialize(boost::json::object{
                     {"milliseconds", ms},
                     {"signature_certificate", to_json(issued->intermediary, end)},
                     {"cipher_certificate", to_json(cipher, end)},
                     {"features", std::move(features)}})
              << "\n";
    return ExitCode::ok;
  }
  std::cout << "answered    in " << ms << " ms, encrypted, signed by the pinned certificate\n";
  print("signs with  ", issued->intermediary, end);
  print("decrypts    ", cipher, end);
  std::cout << "features   ";
  if (!issued->features.present) std::cout << " (none announced)";
  for (const auto& key : issued->features.keys) std::cout << " " << harmless(key);
  std::cout << "\n";
  return ExitCode::ok;
}

} // namespace

Command add_ping(CLI::App& app) {
  auto o = std::make_shared<PingOptions>();
  auto* sub = app.add_subcommand(
      "ping",
      "Ask for a message id, and show times, certificates and features of the intermediary");
  add_common(*sub, o->common);
  return {sub, [o] { return ping(*o); }};
}

} // namespace cli
