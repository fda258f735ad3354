// Old algorithms by dated exception: who may use them, until when, what is answered, and that
// refusals do not tell why.
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/cipher.h"
#include "crypto/key_transport.h"
#include "gateway/accepted_once.h"
#include "gateway/refusal_times.h"
#include "seal/transport_encryption.h"
#include "support/intermediary.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using osci::LegacyAlgorithm;
using osci::MessageType;
using support::Intermediary;
using support::Party;

const base::Instant kStart{std::chrono::hours{24 * 365 * 57}};

osci::LegacyException exception(std::vector<LegacyAlgorithm> algorithms,
                                std::vector<std::string> originators = {},
                                base::Instant until = kStart + 24h) {
  return {std::move(algorithms), until, std::move(originators)};
}

osci::Policy policy(std::vector<osci::LegacyException> exceptions) {
  osci::Policy out;
  out.legacy = std::move(exceptions);
  return out;
}

const std::vector<LegacyAlgorithm> kAll = {LegacyAlgorithm::cbc, LegacyAlgorithm::tripledes,
                                           LegacyAlgorithm::rsa15};

struct Lines {
  Lines() {
    base::set_log_sink([this](const base::LogRecord& record) {
      if (record.event == "legacy.used") lines.push_back(base::render(record));
    });
  }
  ~Lines() {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  std::vector<std::string> lines;
};

seal::EncryptFor encryption(const Party& party, crypto::Cipher cipher, bool oaep) {
  auto out = party.encrypting();
  out.cipher = cipher;
  out.key_transport.oaep = oaep;
  return out;
}

std::string sealed(const Party& party, const osci::Request& request,
                   const std::optional<seal::EncryptFor>& encrypt, bool with_features = true) {
  auto draft = osci::encode_request(request);
  if (!with_features)
    std::erase_if(draft.blocks, [](const auto& block) { return block.id == "featuredescription"; });
  auto out = seal::close(draft, party.signing(), encrypt, party.random);
  if (!out) throw std::runtime_error(out.error().detail);
  return *out;
}

std::string in_envelope(const Party& party, std::string_view plain, crypto::Cipher cipher,
                        bool oaep = true) {
  return seal::encrypt_envelope(plain, encryption(party, cipher, oaep), party.random).value();
}

// How the answer travelled, opened with every switch on.
seal::Transport transport_of(const Party& party, const std::string& answer) {
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  options.allow_cbc = options.allow_3des = options.allow_rsa15 = true;
  const auto message = seal::open(answer, "", {party.cipher}, options, party.random);
  if (!message) throw std::runtime_error("answer not opened: " + answer.substr(0, 2000));
  return message->transport();
}

struct Legacy : testing::Test {
  Party sender{"sender"}, recipient{"recipient"}, other{"other"};
  osci::Request ask() { return sender.request(MessageType::get_message_id); }
  std::string code(Intermediary& intermediary, const std::string& wire) {
    const auto answer = intermediary.post(wire);
    if (support::is_fault(answer)) return support::code_of(sender, answer);
    transport_of(sender, answer);
    return "answered";
  }
};

TEST_F(Legacy, IsUndecryptableWithoutAnException) {
  Intermediary intermediary;
  for (const auto cipher : {crypto::Cipher::aes256_cbc, crypto::Cipher::tripledes_cbc})
    EXPECT_EQ(code(intermediary, sealed(sender, ask(), encryption(sender, cipher, true))), "9202");
  EXPECT_EQ(code(intermediary,
                 sealed(sender, ask(), encryption(sender, crypto::Cipher::aes256_gcm, false))),
            "9202");
}

TEST_F(Legacy, EachAlgorithmNeedsItsOwnException) {
  struct Case {
    LegacyAlgorithm algorithm;
    crypto::Cipher cipher;
    bool oaep;
  };
  const Case cases[] = {{LegacyAlgorithm::cbc, crypto::Cipher::aes128_cbc, true},
                        {LegacyAlgorithm::tripledes, crypto::Cipher::tripledes_cbc, true},
                        {LegacyAlgorithm::rsa15, crypto::Cipher::aes256_gcm, false}};
  for (const auto& allowed : cases) {
    Intermediary intermediary(policy({exception({allowed.algorithm})}));
    for (const auto& used : cases) {
      const auto wire = sealed(sender, ask(), encryption(sender, used.cipher, used.oaep));
      EXPECT_EQ(code(intermediary, wire), used.algorithm == allowed.algorithm ? "answered" : "9202")
          << osci::legacy_name(allowed.algorithm) << " allowed, "
          << osci::legacy_name(used.algorithm) << " used";
    }
  }
  // CBC under RSA 1.5 needs both; two exceptions may give them.
  const auto both = [&] {
    return sealed(sender, ask(), encryption(sender, crypto::Cipher::aes256_cbc, false));
  };
  Intermediary one(policy({exception({LegacyAlgorithm::cbc})}));
  EXPECT_EQ(code(one, both()), "9202");
  Intermediary two(
      policy({exception({LegacyAlgorithm::cbc}), exception({LegacyAlgorithm::rsa15})}));
  Lines log;
  EXPECT_EQ(code(two, both()), "answered");
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_NE(log.lines[0].find("algorithm=cbc"), std::string::npos);
  EXPECT_NE(log.lines[0].find("exception=1"), std::string::npos);
  EXPECT_NE(log.lines[1].find("algorithm=rsa15"), std::string::npos);
  EXPECT_NE(log.lines[1].find("exception=2"), std::string::npos);
  EXPECT_NE(log.lines[1].find("party=cert:" + sender.cipher.certificate.fingerprint()),
            std::string::npos);
}

TEST_F(Legacy, EndsByItselfWithItsDate) {
  Intermediary intermediary(policy({exception(kAll)}));
  const auto wire = [&] {
    return sealed(sender, ask(), encryption(sender, crypto::Cipher::aes256_cbc, false));
  };
  EXPECT_EQ(code(intermediary, wire()), "answered");
  intermediary.clock.set(kStart + 24h - 1ms);
  EXPECT_EQ(code(intermediary, wire()), "answered");
  intermediary.clock.set(kStart + 24h);
  Lines log;
  EXPECT_EQ(code(intermediary, wire()), "9202");
  EXPECT_TRUE(log.lines.empty());
}

// "wgb:059130000000" is the recipient's organisation, the sender is in no directory.
TEST_F(Legacy, CountsForThoseItNamesAndOthersGetTheUniformAnswer) {
  const auto ask_as = [](const Party& party) {
    return sealed(party, party.request(MessageType::get_message_id),
                  encryption(party, crypto::Cipher::aes256_cbc, false));
  };
  const auto garbage = in_envelope(sender, "no message at all", crypto::Cipher::aes256_cbc);
  {
    Intermediary intermediary(policy({exception(kAll, {"wgb:059130000000"})}));
    const auto refused = intermediary.post(ask_as(sender));
    EXPECT_EQ(refused, intermediary.post(garbage));
    EXPECT_EQ(refused, intermediary.post(ask_as(other)));
    transport_of(recipient, intermediary.post(ask_as(recipient)));
    // In a dialog that the recipient opened, every request is looked at.
    support::Dialog dialog(intermediary, recipient);
    Lines log;
    const auto request = dialog.next(MessageType::fetch_delivery);
    const auto answer = intermediary.post(
        sealed(recipient, request, encryption(recipient, crypto::Cipher::aes256_cbc, true)));
    EXPECT_EQ(support::code_of(recipient, answer), "9803");
    ASSERT_EQ(log.lines.size(), 1u);
    EXPECT_NE(log.lines[0].find("party=wgb:059130000000"), std::string::npos) << log.lines[0];
  }
  Intermediary intermediary(
      policy({exception(kAll, {sender.signature.certificate.fingerprint()})}));
  transport_of(sender, intermediary.post(ask_as(sender)));
  EXPECT_EQ(support::code_of(recipient, intermediary.post(ask_as(recipient))), "9202");
}

TEST_F(Legacy, NothingIsCarriedOutForWhomNoExceptionCounts) {
  Intermediary intermediary(policy({exception(kAll, {"wgb:055540004004"})}));
  const auto id = intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  const auto delivery = sender.delivery(id, "Antrag");
  EXPECT_EQ(code(intermediary,
                 sealed(sender, delivery, encryption(sender, crypto::Cipher::aes256_cbc, true))),
            "9202");
  // The message id is still unused.
  EXPECT_EQ(support::code_of(sender, intermediary.post(sender.seal(delivery))), "0800");
}

TEST_F(Legacy, NeedsASignatureWhateverThePolicySays) {
  auto lax = policy({exception(kAll)});
  lax.require_signature = false;
  Intermediary intermediary(lax);
  auto draft = osci::encode_request(ask());
  for (const auto cipher : {crypto::Cipher::aes256_gcm, crypto::Cipher::aes256_cbc}) {
    const auto wire =
        seal::close(draft, std::nullopt, encryption(sender, cipher, false), sender.random);
    EXPECT_EQ(code(intermediary, *wire), "9202");
  }
}

// Wire reference 5.5: what we answer with, the client uses from then on.
TEST_F(Legacy, AnswersDoNotDowngradeAClientThatCanDoBetter) {
  Intermediary intermediary(policy({exception(kAll)}));
  const auto answered = [&](crypto::Cipher cipher, bool oaep, bool with_features) {
    return transport_of(
        sender,
        intermediary.post(sealed(sender, ask(), encryption(sender, cipher, oaep), with_features)));
  };
  using crypto::Cipher;
  for (const auto cipher : {Cipher::aes256_cbc, Cipher::aes128_cbc, Cipher::tripledes_cbc}) {
    const auto able = answered(cipher, false, true);
    EXPECT_EQ(able.cipher, Cipher::aes256_gcm);
    EXPECT_TRUE(able.key_transport.oaep);
    const auto unable = answered(cipher, false, false);
    EXPECT_EQ(unable.cipher, cipher);
    EXPECT_FALSE(unable.key_transport.oaep);
    const auto half = answered(cipher, true, false);
    EXPECT_EQ(half.cipher, cipher);
    EXPECT_TRUE(half.key_transport.oaep);
  }
  const auto silent = answered(Cipher::aes256_gcm, true, false);
  EXPECT_EQ(silent.cipher, Cipher::aes256_gcm) << "what it used it can read";
  EXPECT_TRUE(silent.key_transport.oaep);
}

TEST_F(Legacy, RecordedClientWithoutFeaturesIsAnsweredAsItCanRead) {
  Intermediary intermediary(policy({exception(kAll)}));
  const auto wire = support::read_file(support::captures_folder() +
                                       "/e2-cbc-rsa15-nofeatures/01_GetMessageId.bin");
  const auto used = transport_of(sender, intermediary.post(wire));
  EXPECT_FALSE(crypto::cipher_is_gcm(used.cipher));
  EXPECT_FALSE(used.key_transport.oaep);
}

// One fault for every way in which decryption can fail, octet for octet.
TEST_F(Legacy, FailuresOfAllKindsAreOneAnswer) {
  Intermediary intermediary(policy({exception(kAll)}));
  using crypto::Cipher;
  const auto clear = sealed(sender, ask(), std::nullopt);
  const auto replaced = [&](std::string_view from, std::string_view to) {
    auto text = clear;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const auto wrapped_as = [&](const std::string& wrapped) {
    auto wire = in_envelope(sender, clear, Cipher::aes256_cbc, false);
    const auto begin = wire.find("<xenc:CipherValue>") + 18, end = wire.find("</xenc:CipherValue>");
    return wire.replace(begin, end - begin, base::base64_encode(wrapped));
  };
  const auto& own = support::key("intermed_cipher").certificate;
  const crypto::KeyTransport rsa15{false, {}, {}};
  const auto good = in_envelope(sender, clear, Cipher::aes256_cbc, false);
  const auto cut = [&](std::size_t octets) { // off the encrypted part
    const auto end = good.rfind("\r\n--");
    return good.substr(0, end - octets) + good.substr(end);
  };
  const auto changed = [&](std::size_t from_end) {
    auto wire = good;
    char& octet = wire[wire.rfind("\r\n--") - from_end];
    octet = static_cast<char>(octet ^ 0x55);
    return wire;
  };
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"random wrapped key", wrapped_as(sender.random.bytes(512))},
      {"wrapped key of another length", wrapped_as("short")},
      {"short symmetric key", wrapped_as(*crypto::wrap_key(own, rsa15, std::string(16, 'k')))},
      {"long symmetric key", wrapped_as(*crypto::wrap_key(own, rsa15, std::string(33, 'k')))},
      {"other symmetric key", wrapped_as(*crypto::wrap_key(own, rsa15, std::string(32, 'k')))},
      {"last block changed", changed(1)},
      {"block before the last changed", changed(17)},
      {"middle changed", changed(1500)},
      {"half a block missing", cut(8)},
      {"a block missing", cut(16)},
      {"no MIME", in_envelope(sender, std::string(2000, 'x'), Cipher::aes256_cbc)},
      {"nothing", in_envelope(sender, "", Cipher::aes256_cbc)},
      {"no XML",
       in_envelope(sender, replaced("<soap:Envelope", "<soap:Envelope<"), Cipher::aes256_cbc)},
      {"DTD", in_envelope(sender, replaced("<soap:Envelope", "<!DOCTYPE a><soap:Envelope"),
                          Cipher::aes256_cbc)},
      {"duplicate Id",
       in_envelope(sender, replaced("Id=\"body\"", "Id=\"controlblock\""), Cipher::aes256_cbc)},
      {"unknown type",
       in_envelope(sender, replaced("soapGetMessageId", "soapGetMassageId"), Cipher::aes256_cbc)},
      {"other type",
       in_envelope(sender, replaced("soapGetMessageId", "soapInitDialog"), Cipher::aes256_cbc)},
      {"type of an answer",
       in_envelope(sender, replaced("soapGetMessageId", "soapResponseToGetMessageId"),
                   Cipher::aes256_cbc)},
      {"wrong digest", in_envelope(sender, replaced("<osci:Challenge>", "<osci:Challenge>AAAA"),
                                   Cipher::aes256_cbc)},
      {"unsigned", *seal::close(osci::encode_request(ask()), std::nullopt,
                                encryption(sender, Cipher::aes256_cbc, false), sender.random)},
      {"epilogue", in_envelope(sender, clear + "garbage", Cipher::aes256_cbc)},
      {"unknown header line", in_envelope(sender, "X-Free: text\r\n" + clear, Cipher::aes256_cbc)},
  };
  const auto expected = osci::write_fault(base::ErrorCode::undecryptable);
  for (const auto& [what, wire] : broken) EXPECT_EQ(intermediary.post(wire), expected) << what;
  EXPECT_EQ(
      code(intermediary, sealed(sender, ask(), encryption(sender, Cipher::aes256_cbc, false))),
      "answered");
}

// Room that no signature covers is where an attacker would put cipher text blocks whose text he
// wants to know: the same message is taken under GCM, whose tag covers all of it.
TEST_F(Legacy, NoRoomForForeignBlocksInCbc) {
  Intermediary intermediary(policy({exception(kAll)}));
  const auto with = [&](std::string_view before, std::string_view what) {
    auto text = sealed(sender, ask(), std::nullopt); // a fresh challenge: a new signed content
    const auto at = before.empty() ? text.size() : text.find(before);
    EXPECT_NE(at, std::string::npos) << before;
    return text.insert(at, what);
  };
  const std::pair<std::string_view, std::string_view> rooms[] = {
      {"", "anything"},
      {"", "\r\n"},
      {"MIME-Version", "X-Free: anything\r\n"},
      {"Content-Type: text/xml", "X-Free: anything\r\n"},
      {"Content-Transfer-Encoding", "Content-Description: anything\r\n"},
      {"; type=text/xml", "; note=\xc3\xa4"},
      {"; type=text/xml", ";\r\n note=anything"},
      {"<soap:Header>", "<!-- anything -->"},
      {"<osci:Challenge>", "<!-- anything -->"},
      {"http://schemas.xmlsoap.org/soap/envelope/ soap", "urn:\xc3\xa4 any.xsd "},
  };
  for (const auto& [before, what] : rooms) {
    const auto plain = with(before, what);
    EXPECT_EQ(code(intermediary, in_envelope(sender, plain, crypto::Cipher::aes256_cbc)), "9202")
        << what;
    EXPECT_EQ(code(intermediary, in_envelope(sender, plain, crypto::Cipher::aes256_gcm)),
              "answered")
        << what;
  }
  // Umlauts in signed blocks are no such room; nor is white space, which no chance will hit.
  auto delivery = sender.delivery(
      intermediary.ids().issue(intermediary.clock.now(), intermediary.random), "Antrag");
  delivery.subject = "W\xc3\xb6hngeld";
  const auto plain = sealed(sender, delivery, std::nullopt);
  EXPECT_EQ(support::code_of(
                sender, intermediary.post(in_envelope(sender, plain, crypto::Cipher::aes256_cbc))),
            "0800");
  EXPECT_EQ(code(intermediary, in_envelope(sender, with("<soap:Header>", "\r\n\r\n"),
                                           crypto::Cipher::aes256_cbc)),
            "answered");
}

// Whoever replays a recorded message with changed cipher text learns nothing from an acceptance.
TEST_F(Legacy, OneSignedContentIsAcceptedInOneEncryptionOnly) {
  Intermediary intermediary(policy({exception(kAll)}));
  const auto clear = sealed(sender, ask(), std::nullopt);
  const auto first = in_envelope(sender, clear, crypto::Cipher::aes256_cbc);
  const auto second = in_envelope(sender, clear, crypto::Cipher::aes256_cbc);
  const auto by_gcm = in_envelope(sender, clear, crypto::Cipher::aes256_gcm);
  EXPECT_EQ(code(intermediary, first), "answered");
  EXPECT_EQ(code(intermediary, second), "9202");
  EXPECT_EQ(code(intermediary, first), "answered") << "a silent re-send";
  EXPECT_EQ(code(intermediary, by_gcm), "answered") << "GCM cannot be changed by others";
}

TEST(AcceptedOnce, ForgetsTheOldest) {
  gateway::AcceptedOnce accepted(2);
  EXPECT_TRUE(accepted.accept("a", "1"));
  EXPECT_TRUE(accepted.accept("b", "1"));
  EXPECT_FALSE(accepted.accept("a", "2"));
  EXPECT_FALSE(accepted.fits("a", "2"));
  EXPECT_TRUE(accepted.fits("c", "2"));
  EXPECT_TRUE(accepted.accept("c", "1"));
  EXPECT_TRUE(accepted.accept("a", "2"));
  EXPECT_EQ(accepted.size(), 2u);
}

using Times = gateway::RefusalTimes;

TEST(RefusalTimes, DependOnArrivalAndSizeAlone) {
  Times times;
  const Times::Clock::time_point arrived{1h};
  for (const auto worked : {0us, 1us, 500us, 249'999us})
    EXPECT_EQ(times.due(250ms, arrived, arrived + worked, 1000), arrived + 250ms);
  EXPECT_EQ(times.due(250ms, arrived, arrived + 1ms, Times::kOctets), arrived + 500ms);
  EXPECT_EQ(times.due(250ms, arrived, arrived + 400ms, 3 * Times::kOctets + 5), arrived + 1s);
}

TEST(RefusalTimes, GrowWhenTheWorkTakesLongerAndRelaxLater) {
  Times times;
  const Times::Clock::time_point arrived{1h};
  EXPECT_EQ(times.due(100ms, arrived, arrived + 100ms, 0), arrived + 200ms);
  // Everybody's steps are longer now.
  EXPECT_EQ(times.due(100ms, arrived + 1s, arrived + 1s, 0), arrived + 1200ms);
  EXPECT_EQ(times.due(100ms, arrived + 2s, arrived + 2s + 900ms, 0), arrived + 3200ms);
  EXPECT_EQ(times.due(100ms, arrived + 5s, arrived + 5s, 0), arrived + 5400ms);
  const auto later = arrived + 3s + Times::kRelax;
  EXPECT_EQ(times.due(100ms, later, later, 0), later + 100ms);
  for (int i = 0; i < 40; ++i) times.due(100ms, arrived, arrived + 1000h, 0);
  EXPECT_EQ(times.due(100ms, arrived + 1000h, arrived + 1000h, 0),
            arrived + 1000h + 100ms * (1 << Times::kMostDoublings));
}

TEST(RefusalTimes, WithoutStepAreAtOnce) {
  const Times::Clock::time_point arrived{1h};
  EXPECT_EQ(Times().due(0ms, arrived, arrived + 7ms, 0), arrived + 7ms);
}

TEST_F(Legacy, RefusalsLeaveWithTheStepAndAnswersBefore) {
  Intermediary intermediary(policy({exception(kAll)}), false, 200ms);
  const auto time = [&](const std::string& wire) {
    const auto begin = std::chrono::steady_clock::now();
    intermediary.post(wire);
    return std::chrono::steady_clock::now() - begin;
  };
  EXPECT_GE(time(in_envelope(sender, "garbage", crypto::Cipher::aes256_cbc)), 200ms);
  EXPECT_GE(time(in_envelope(sender, "garbage", crypto::Cipher::aes256_gcm)), 200ms);
  // Refused by the plan, not by the seal.
  intermediary.clock.set(kStart);
  Intermediary for_other(policy({exception(kAll, {"wgb:055540004004"})}), false, 200ms);
  const auto begin = std::chrono::steady_clock::now();
  for_other.post(sealed(sender, ask(), encryption(sender, crypto::Cipher::aes256_cbc, true)));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
}

} // namespace
