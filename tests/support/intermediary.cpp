#include "support/intermediary.h"
#include "authority/revocation.h"
#include "base/encoding.h"
#include "support/schemas.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <stdexcept>
#include <stdlib.h>

namespace support {

namespace {

std::filesystem::path fresh_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "dc-test-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  return pattern;
}

directory::Organisation municipality(const std::string& org_key, const std::string& party) {
  directory::Organisation out;
  out.key = org_key;
  out.name = party;
  out.mailbox = org_key;
  out.certificates.push_back({key(party + "_cipher").certificate, directory::CertificateUse::cipher,
                              std::nullopt, std::nullopt});
  out.certificates.push_back({key(party + "_sign").certificate,
                              directory::CertificateUse::signature, std::nullopt, std::nullopt});
  return out;
}

} // namespace

// Everybody who could be asked about a certificate is away.
struct Intermediary::Inquiries {
  struct Away final : authority::Transport {
    base::Result<authority::Reply> get(const std::string&, base::Milliseconds,
                                       std::size_t) override {
      return base::fail(base::ErrorCode::network, "away");
    }
    base::Result<authority::Reply> post(const std::string&, const std::string&, const std::string&,
                                        base::Milliseconds, std::size_t) override {
      return base::fail(base::ErrorCode::network, "away");
    }
  };
  static authority::RevocationRules rules() {
    authority::RevocationRules out;
    out.require = true;
    return out;
  }
  Inquiries(boost::asio::any_io_executor executor, const base::Clock& clock,
            base::RandomSource& random)
      : source(rules(), transport, clock, random, nullptr),
        checker(std::move(executor), source, clock, pool) {}

  Away transport;
  async::WorkPool pool{"inquiries", 1, 64};
  authority::LinkStatusSource source;
  authority::RevocationChecker checker;
};

Intermediary::Intermediary() : Intermediary(osci::Policy{}) {}

Intermediary::Intermediary(osci::Policy the_policy, bool legacy_ciphers,
                           std::chrono::milliseconds refusal_step, PushSetup the_push,
                           bool strict_schema)
    : policy(std::move(the_policy)), push(std::move(the_push)), refusal_step_(refusal_step),
      strict_schema_(strict_schema), folder_(fresh_folder()),
      ids_(std::string(32, 'k'), "test", std::chrono::hours{24 * 30}) {
  using osci::LegacyAlgorithm;
  if (legacy_ciphers)
    policy.legacy.push_back(
        {{LegacyAlgorithm::cbc, LegacyAlgorithm::tripledes, LegacyAlgorithm::rsa15},
         base::Instant::max(),
         {}});
  start();
}

Intermediary::~Intermediary() {
  gateway_.reset();
  inquiries_.reset();
  push_pool_.reset();
  cpu_.reset();
  db_.reset();
  bulk_.reset();
  transfers_.reset();
  store_.reset();
  std::filesystem::remove_all(folder_);
}

void Intermediary::start() {
  storage::StoreConfig config;
  config.folder = folder_ / "state";
  config.body_file_threshold = 4096;
  config.reserve_bytes = reserve;
  config.max_in_memory = max_in_memory;
  auto store = storage::DatabaseStore::open(config);
  if (!store) throw std::runtime_error(store.error().detail);
  store_ = std::move(*store);
  transfers_ = std::make_unique<storage::DatabaseTransfers>(*store_);
  auto recipient = municipality("wgb:059130000000", "recipient");
  recipient.endpoints = push.endpoints;
  for (const auto& signer : push.more_signers)
    recipient.certificates.push_back(
        {signer, directory::CertificateUse::signature, std::nullopt, std::nullopt});
  std::vector<directory::Organisation> organisations{recipient,
                                                     municipality("wgb:055540004004", "other")};
  if (change_organisations) change_organisations(organisations);
  auto directory = directory::Directory::make(std::move(organisations), descriptions);
  if (!directory) throw std::runtime_error(directory.error().detail);
  gateway::Settings settings{
      {key("intermed_cipher")},
      key("intermed_sign"),
      crypto::SignatureAlgorithm::rsa_sha256,
      *directory,
      std::make_shared<const crypto::TrustStore>(
          std::vector{test_ca()}, std::vector<crypto::Certificate>{}, crypto::TrustPolicy{}),
      policy,
      {},
      {}};
  settings.open = gateway::request_limits();
  settings.refusal_step = refusal_step_;
  settings.spool = spool;
  settings.chunk_wait = chunk_wait;
  settings.open.keep_xml = strict_schema_;
  // All of them; the daemon loads those of requests only.
  settings.agreements = agreements;
  settings.check_content = check_content;
  if (strict_schema_) settings.schemas = {std::shared_ptr<void>(), &schemas()};
  cpu_ = std::make_unique<async::WorkPool>("cpu", cpu);
  db_ = std::make_unique<async::WorkPool>("db", 4, 64);
  bulk_ = std::make_unique<async::WorkPool>("bulk", 1, 64);
  push_pool_ = std::make_unique<async::WorkPool>("push", push.limits.running, push.limits.running);
  if (require_revocation)
    inquiries_ = std::make_unique<Inquiries>(io_.get_executor(), clock, random);
  gateway_ = std::make_unique<gateway::Gateway>(
      gateway::Gateway::Parts{clock,
                              random,
                              *store_,
                              ids_,
                              *cpu_,
                              *db_,
                              {push.transport, push_pool_.get(), push.limits},
                              inquiries_ ? &inquiries_->checker : nullptr,
                              nullptr,
                              transfers_.get(),
                              bulk_.get(),
                              &rollovers,
                              admission,
                              [this] { return steady_now; }},
      std::make_shared<const gateway::Settings>(std::move(settings)), std::size_t{16} << 20);
}

void Intermediary::restart() {
  gateway_.reset();
  inquiries_.reset();
  push_pool_.reset();
  cpu_.reset();
  db_.reset();
  bulk_.reset();
  transfers_.reset();
  store_.reset();
  start();
}

void Intermediary::expire_transfers(base::Instant unused_before) {
  auto future = boost::asio::co_spawn(io_, gateway_->expire_transfers(unused_before),
                                      boost::asio::use_future);
  io_.restart();
  io_.run();
  future.get();
}

void Intermediary::resume_transfers() {
  auto future = boost::asio::co_spawn(io_, gateway_->resume_transfers(), boost::asio::use_future);
  io_.restart();
  io_.run();
  future.get();
}

std::string Intermediary::post(std::string body, unsigned* status) {
  auto shared = std::make_shared<const std::string>(std::move(body));
  auto future =
      boost::asio::co_spawn(io_, gateway_->handle(shared, "text/xml"), boost::asio::use_future);
  io_.restart();
  io_.run();
  const gateway::Reply reply = future.get();
  if (status) *status = reply.status;
  busy = reply.busy;
  if (!reply.body) return {};
  if (check_schemas && !reply.body->empty()) check(*shared, *reply.body);
  return *reply.body;
}

void Intermediary::check(const std::string& request, const std::string& answer) const {
  const auto ours = judge(answer);
  if (!ours.violation.empty())
    throw std::runtime_error("an answer violates its schema: " + ours.violation);
  if (!executed(ours.xml)) return;
  const auto theirs = judge(request);
  if (!theirs.violation.empty())
    throw std::runtime_error("carried out, but violates its schema: " + theirs.violation);
}

std::vector<std::string> Intermediary::post_all(const std::vector<std::string>& bodies) {
  std::vector<std::future<gateway::Reply>> running;
  for (const auto& body : bodies) {
    auto shared = std::make_shared<const std::string>(body);
    running.push_back(
        boost::asio::co_spawn(io_, gateway_->handle(shared, "text/xml"), boost::asio::use_future));
  }
  io_.restart();
  io_.run();
  std::vector<std::string> out;
  for (auto& one : running) {
    const auto reply = one.get();
    out.push_back(reply.body ? *reply.body : std::string{});
  }
  return out;
}

Party::Party(const std::string& party)
    : name(party), cipher(key(party + "_cipher")), signature(key(party + "_sign")) {}

osci::Request Party::request(osci::MessageType type) const {
  osci::Request out;
  out.type = type;
  out.control.challenge = base::base64_encode_line(random.bytes(10));
  if (type != osci::MessageType::init_dialog) out.control.sequence_number = 0;
  const bool cipher_certificate =
      type == osci::MessageType::init_dialog || type == osci::MessageType::get_message_id ||
      type == osci::MessageType::store_delivery ||
      type == osci::MessageType::partial_store_delivery ||
      type == osci::MessageType::forward_delivery || type == osci::MessageType::mediate_delivery;
  if (cipher_certificate)
    out.certificates.push_back({"CipherCertificateOriginator",
                                osci::certificate_id("originator_cipher", cipher.certificate),
                                cipher.certificate});
  out.certificates.push_back({"SignatureCertificateOriginator",
                              osci::certificate_id("originator_signature", signature.certificate),
                              signature.certificate});
  return out;
}

osci::Request Party::delivery(const std::string& message_id, const std::string& payload,
                              const std::string& addressee) const {
  osci::Request out = request(osci::MessageType::store_delivery);
  const auto& certificate = key(addressee + "_cipher").certificate;
  out.certificates.push_back({"CipherCertificateAddressee",
                              osci::certificate_id("addressee_cipher", certificate), certificate});
  out.message_id = message_id;
  out.subject = "Antrag";
  out.content.body =
      "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
      "<osci:Base64Content Id=\"content0\">" +
      base::base64_encode(payload) +
      "</osci:Base64Content></osci:Content></osci:ContentContainer></osci:ContentPackage>";
  return out;
}

osci::Request Party::pushed(osci::MessageType type, const std::string& message_id,
                            const std::string& uri, const std::string& payload) const {
  osci::Request out = delivery(message_id, payload);
  out.type = type;
  out.receiver_uri = uri;
  if (message_id.empty()) {
    out.message_id.reset();
    out.subject.reset();
  }
  return out;
}

seal::SignWith Party::signing() const {
  return {signature, osci::certificate_id("originator_signature", signature.certificate),
          crypto::SignatureAlgorithm::rsa_sha256, crypto::DigestAlgorithm::sha256};
}

seal::EncryptFor Party::encrypting() const {
  return {key("intermed_cipher").certificate, crypto::Cipher::aes256_gcm, 12, {}, false};
}

std::string Party::seal(const osci::Request& request, bool sign, bool encrypt) const {
  auto closed =
      seal::close(osci::encode_request(request), sign ? std::optional(signing()) : std::nullopt,
                  encrypt ? std::optional(encrypting()) : std::nullopt, random);
  if (!closed) throw std::runtime_error(closed.error().detail);
  return *closed;
}

osci::Answer Party::open(const std::string& answer) const {
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  options.keep_xml = true;
  auto message = seal::open(answer, "", {cipher}, options, random);
  if (!message)
    throw std::runtime_error("answer: " + std::string(base::to_string(message.error().code)) + " " +
                             message.error().detail);
  if (const auto valid = osci::check_schema(*message, schemas()); !valid)
    throw std::runtime_error("answer: " + valid.error().detail);
  auto decoded = osci::decode_answer(*message, true);
  if (!decoded) throw std::runtime_error(decoded.error().detail);
  return *decoded;
}

bool is_fault(const std::string& answer) {
  return answer.find("<soap:Fault>") != std::string::npos;
}

std::string code_of(const Party& party, const std::string& answer) {
  if (is_fault(answer)) {
    const auto at = answer.find("<osci:Code>");
    return answer.substr(at + 11, 4);
  }
  return party.open(answer).feedback.front().code;
}

Dialog::Dialog(Intermediary& the_intermediary, const Party& the_party)
    : intermediary(the_intermediary), party(the_party) {
  const auto request = party.request(osci::MessageType::init_dialog);
  const auto answer = party.open(intermediary.post(party.seal(request)));
  if (!answer.executed()) throw std::runtime_error("InitDialog: " + answer.feedback.front().code);
  conversation_id = answer.control.conversation_id.value();
  challenge = answer.control.challenge.value();
}

osci::Request Dialog::next(osci::MessageType type) const {
  osci::Request out = party.request(type);
  out.control.conversation_id = conversation_id;
  out.control.sequence_number = sequence;
  out.control.response = challenge;
  return out;
}

osci::Answer Dialog::send(const osci::Request& request) {
  return exchange(party.seal(request), request);
}

osci::Answer Dialog::exchange(const std::string& wire, const osci::Request& request) {
  const auto answer = party.open(intermediary.post(wire));
  if (answer.control.response != request.control.challenge)
    throw std::runtime_error("answer carries another challenge");
  challenge = answer.control.challenge.value_or("");
  ++sequence;
  return answer;
}

} // namespace support
