#include "setup/settings.h"
#include "base/log.h"
#include "crypto/signature.h"
#include "osci/schema.h"
#include "setup/content_check.h"
#include "setup/files.h"
#include <algorithm>
#include <cstdlib>

namespace setup {

using base::ErrorCode;
using base::fail;
using base::LogLevel;

namespace {

base::Result<std::string> read_pin(const ops::Config::Intermediary& config) {
  if (config.pin_env) {
    const char* value = std::getenv(config.pin_env->c_str());
    if (!value)
      return fail(ErrorCode::key_error, "environment variable " + *config.pin_env + " is not set");
    return std::string(value);
  }
  if (!config.pin_file) return std::string{};
  auto text = read_file(*config.pin_file);
  if (!text) return text.error();
  return text->substr(0, text->find_first_of("\r\n"));
}

// The exceptions of the configuration in the terms of the protocol. Those that are over stay in the
// list, so that the log counts as the file does; they let nothing in.
base::Result<std::vector<osci::LegacyException>>
legacy_exceptions(const ops::Config& config, const directory::Directory& directory,
                  base::Instant now) {
  std::vector<osci::LegacyException> out;
  for (const auto& configured : config.policy.legacy) {
    osci::LegacyException exception;
    exception.until = configured.until;
    const auto number = std::to_string(out.size() + 1);
    std::string algorithms;
    for (const auto& name : configured.algorithms) {
      exception.algorithms.push_back(osci::legacy_algorithm(name).value());
      algorithms += (algorithms.empty() ? "" : " ") + name;
    }
    for (const auto& text : configured.originators) {
      auto name = osci::originator_name(text);
      if (!name)
        return fail(ErrorCode::invalid_config,
                    "[policy] legacy: exception " + number +
                        ": `for` takes keys of organisations and SHA-256 fingerprints");
      if (name->find(':') != std::string::npos && !directory.find(*name))
        base::log(LogLevel::warning, "legacy.unknown_originator",
                  "an exception names an organisation that is not in the directory",
                  {{"exception", number}, {"originator", *name}});
      exception.originators.push_back(std::move(*name));
    }
    const bool over = configured.until <= now;
    base::log(LogLevel::warning, over ? "legacy.expired" : "legacy.allowed",
              over ? "an exception for old algorithms is over; remove it from the configuration"
                   : "old algorithms are let in by an exception",
              {{"exception", number},
               {"algorithms", algorithms},
               {"until", base::format_datetime(configured.until)},
               {"originators", configured.originators.empty()
                                   ? std::string("everybody")
                                   : std::to_string(configured.originators.size())}});
    out.push_back(std::move(exception));
  }
  return out;
}

osci::RoutingMode routing_mode(ops::RoutingMode mode) {
  switch (mode) {
  case ops::RoutingMode::off:
    return osci::RoutingMode::off;
  case ops::RoutingMode::enforce:
    return osci::RoutingMode::enforce;
  case ops::RoutingMode::observe:
    break;
  }
  return osci::RoutingMode::observe;
}

directory::AgreementMode agreement_mode(ops::RoutingMode mode) {
  switch (mode) {
  case ops::RoutingMode::off:
    return directory::AgreementMode::off;
  case ops::RoutingMode::enforce:
    return directory::AgreementMode::enforce;
  case ops::RoutingMode::observe:
    break;
  }
  return directory::AgreementMode::observe;
}

// For measuring what the levelling of refusals is worth (tests/oracle); nobody else sets it.
std::chrono::milliseconds refusal_step(const ops::Config& config) {
  if (!std::getenv("DC_NO_REFUSAL_STEP")) return config.policy.refusal_step;
  base::log(LogLevel::critical, "refusal.not_levelled",
            "DC_NO_REFUSAL_STEP is set: refusals tell by their time why a message could not be "
            "decrypted; for measurements only");
  return std::chrono::milliseconds{0};
}

} // namespace

base::Result<std::shared_ptr<const gateway::Settings>>
make_settings(const ops::Config& config, std::shared_ptr<const directory::Directory> directory,
              std::shared_ptr<const directory::Agreements> agreements, base::Instant now) {
  const auto& own = config.intermediary;
  const auto pin = read_pin(own);
  if (!pin) return pin.error();
  const auto path = [](const std::optional<std::filesystem::path>& p) {
    return p ? p->string() : std::string{};
  };
  auto cipher = crypto::load_key_pair(own.cipher_key.string(), path(own.cipher_certificate), *pin);
  if (!cipher) return cipher.error();
  if (cipher->key.kind() != crypto::KeyKind::rsa)
    return fail(ErrorCode::key_error,
                own.cipher_key.string() + ": the cipher key must be an RSA key");
  auto signature =
      crypto::load_key_pair(own.signature_key.string(), path(own.signature_certificate), *pin);
  if (!signature) return signature.error();
  // The reference client refuses signatures of a certificate that may not sign (wire
  // reference 4.2).
  if (!signature->certificate.may_sign())
    return fail(ErrorCode::key_error,
                own.signature_key.string() +
                    ": key usage of the certificate does not allow signatures");
  if (!cipher->certificate.may_encipher())
    return fail(ErrorCode::key_error,
                own.cipher_key.string() +
                    ": key usage of the certificate does not allow encryption");
  for (const auto* pair : {&*cipher, &*signature})
    if (pair->certificate.not_after() < now)
      base::log(LogLevel::error, "key.expired",
                "own certificate is expired; clients will refuse it",
                {{"fingerprint", pair->certificate.fingerprint()},
                 {"not_after", base::format_datetime(pair->certificate.not_after())}});

  auto anchors = read_certificates(config.trust.anchors);
  if (!anchors) return anchors.error();
  auto intermediates = read_certificates(config.trust.intermediates);
  if (!intermediates) return intermediates.error();

  crypto::TrustPolicy trust;
  trust.min_rsa_bits = static_cast<int>(config.trust.min_rsa_bits);
  const auto algorithm = crypto::default_signature_algorithm(signature->key);
  auto settings = std::make_shared<gateway::Settings>(
      gateway::Settings{{std::move(*cipher)},
                        std::move(*signature),
                        algorithm,
                        std::move(directory),
                        std::make_shared<const crypto::TrustStore>(
                            std::move(*anchors), std::move(*intermediates), trust),
                        {},
                        {}});
  auto& policy = settings->policy;
  policy.require_encryption = config.policy.require_encryption;
  policy.require_signature = config.policy.require_signature;
  policy.refuse_unknown_issuer = config.trust.unknown_issuer == ops::UnknownIssuer::refuse;
  policy.refuse_unreachable = config.revocation.unreachable == ops::Unreachable::refuse;
  settings->refuse_plain_stamps = config.timestamp.unavailable == ops::PlainStamp::refuse;
  policy.create_mailboxes = config.directory.create_mailboxes;
  policy.test_endpoints = config.push.test_endpoints;
  policy.default_language = config.policy.default_language;
  policy.max_open_dialogs = static_cast<std::uint32_t>(config.dialogs.max_open_per_client);
  policy.max_cards = static_cast<std::uint32_t>(config.limits.process_cards);
  policy.max_message_ids = config.limits.selection_ids;
  if (config.chunks.enabled) {
    const auto& chunks = config.chunks;
    osci::ChunkLimits limits;
    limits.min_chunk = (chunks.min_chunk + 1023) / 1024;
    // Around the chunk stand envelope, signature and certificates.
    limits.max_chunk = std::min(chunks.max_chunk, config.limits.message / 3 * 2) / 1024;
    limits.max_message = chunks.max_message / 1024;
    limits.timeout_seconds = static_cast<std::uint32_t>(chunks.wait.count() / 1000);
    limits.schema_spelling = chunks.schema_spelling;
    policy.chunks = limits;
    settings->spool = {chunks.spool_total, chunks.spool_per_party};
    settings->chunk_wait = chunks.wait;
    settings->inner_xml = chunks.inner_xml;
  }
  if (config.policy.strict_schema) {
    auto folders = config.policy.schema_folders;
    if (folders.empty()) folders = {DC_OSCI_SCHEMAS, DC_W3C_SCHEMAS};
    auto schemas = xml::SchemaSet::load(folders.front() / "messages",
                                        osci::schema_names(osci::SchemasOf::requests), folders);
    if (!schemas) return schemas.error();
    settings->schemas = std::make_shared<const xml::SchemaSet>(std::move(*schemas));
  }
  auto& open = settings->open;
  open = gateway::request_limits();
  open.keep_xml = config.policy.strict_schema;
  open.mime.parts = config.limits.parts;
  open.xml.size = config.limits.xml;
  auto legacy = legacy_exceptions(config, *settings->directory, now);
  if (!legacy) return legacy.error();
  policy.legacy = std::move(*legacy);
  settings->refusal_step = refusal_step(config);
  policy.check_metadata = config.policy.metadata == ops::MetaDataCheck::check;
  policy.clear_content = routing_mode(config.policy.clear_content);
  if (config.policy.schema_packs && policy.clear_content != osci::RoutingMode::off) {
    auto check = make_content_check(*config.policy.schema_packs);
    if (!check) return check.error();
    settings->check_content = std::move(*check);
  }
  policy.routing_sender = routing_mode(config.routing.sender);
  policy.routing_reader = routing_mode(config.routing.reader);
  policy.routing_test = routing_mode(config.routing.test);
  policy.routing_agreements = agreement_mode(config.routing.agreements);
  settings->agreements = std::move(agreements);
  return std::shared_ptr<const gateway::Settings>(std::move(settings));
}

} // namespace setup
