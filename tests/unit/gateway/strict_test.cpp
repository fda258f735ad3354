// Strict mode: what violates its schema is not carried out, even where the decoders would read it.
#include "base/log.h"
#include "seal/names.h"
#include "support/intermediary.h"
#include "support/schemas.h"
#include <gtest/gtest.h>
#include <mutex>

namespace {

using osci::MessageType;
using support::code_of;
using support::Dialog;
using support::Intermediary;
using support::Party;

osci::Policy clear_allowed() {
  osci::Policy out;
  out.require_encryption = false;
  return out;
}

struct Strict : testing::Test {
  Intermediary strict{clear_allowed(), false, {}, {}, true};
  Intermediary lenient{clear_allowed()};
  Party sender{"sender"}, recipient{"recipient"};

  void SetUp() override {
    // Violations are what this is about; the lenient intermediary carries them out.
    lenient.check_schemas = false;
    base::set_log_sink([this](const base::LogRecord& record) {
      const std::lock_guard lock(guard);
      for (const auto& field : record.fields)
        if (field.key == "rule") rule = field.value;
    });
  }
  void TearDown() override {
    base::set_log_sink([](const base::LogRecord&) {});
  }

  std::string issue(Intermediary& at) {
    return sender.open(at.post(sender.seal(sender.request(MessageType::get_message_id))))
        .message_id.value();
  }
  // Signed, with the header blocks in the order that `change` leaves.
  std::string seal(const osci::Request& request, bool encrypt,
                   const std::function<void(seal::Draft&)>& change) {
    auto draft = osci::encode_request(request);
    change(draft);
    auto closed = seal::close(draft, sender.signing(),
                              encrypt ? std::optional(sender.encrypting()) : std::nullopt, random);
    EXPECT_TRUE(closed);
    return *closed;
  }
  std::string logged() {
    const std::lock_guard lock(guard);
    std::string out = std::exchange(rule, {});
    // The signature in front has as many lines as its certificates; the number is no matter here.
    if (const auto line = out.find(", line "); line != std::string::npos)
      out.erase(line, out.find(':', line) - line);
    return out;
  }

  std::mutex guard;
  std::string rule;
  base::SystemRandom random;
};

void certificates_before_the_message_block(seal::Draft& draft) {
  for (std::size_t i = 1; i < draft.blocks.size(); ++i)
    if (draft.blocks[i].id == "nonintermediarycertificates")
      std::swap(draft.blocks[i], draft.blocks[i - 1]);
}

TEST_F(Strict, AWholeDeliveryPasses) {
  const std::string id = issue(strict);
  const auto receipt = sender.open(strict.post(sender.seal(sender.delivery(id, "Antrag"))));
  EXPECT_EQ(receipt.feedback.front().code, "0800");
  Dialog dialog(strict, recipient);
  const auto fetched = dialog.send(dialog.next(MessageType::fetch_delivery));
  EXPECT_EQ(fetched.feedback.front().code, "0801");
  ASSERT_TRUE(fetched.content);
  const auto cards = dialog.send(dialog.next(MessageType::fetch_process_card));
  EXPECT_EQ(cards.feedback.front().code, "0801");
  EXPECT_EQ(cards.cards.size(), 1u);
  const auto end = dialog.send(dialog.next(MessageType::exit_dialog));
  EXPECT_EQ(end.feedback.front().code, "0800");
}

TEST_F(Strict, AViolationThatTheDecodersReadIs9300OrInClear9100) {
  for (const bool encrypt : {true, false}) {
    for (auto* at : {&lenient, &strict}) {
      const auto wire = seal(sender.delivery(issue(*at), "Antrag"), encrypt,
                             certificates_before_the_message_block);
      EXPECT_EQ(support::judge(wire).violation.empty(), false);
      const std::string expected = at == &lenient ? "0800" : encrypt ? "9300" : "9100";
      EXPECT_EQ(code_of(sender, at->post(wire)), expected) << encrypt;
    }
    EXPECT_EQ(logged(), "schema: /Envelope/Header: element not allowed here, or required "
                        "element missing before it");
  }
  // Nothing was stored.
  Dialog dialog(strict, recipient);
  EXPECT_EQ(dialog.send(dialog.next(MessageType::fetch_delivery)).feedback.front().code, "9803");
}

TEST_F(Strict, InADialogAViolationEndsIt) {
  Dialog dialog(strict, sender);
  auto request = dialog.next(MessageType::get_message_id);
  const auto wire = seal(request, true, [](seal::Draft& draft) {
    for (auto& block : draft.blocks)
      if (block.id == "desiredlanguages") {
        const std::string wanted = "LanguagesList=\"de\"";
        block.canonical.replace(block.canonical.find(wanted), wanted.size(),
                                "LanguagesList=\"de Geheimnis_123456789\"");
      }
  });
  EXPECT_EQ(code_of(sender, strict.post(wire)), "9300");
  const std::string line = logged();
  EXPECT_EQ(line, "schema: /Envelope/Header/DesiredLanguages: value is not of its type");
  // As after every broken structure in a dialog.
  EXPECT_EQ(code_of(sender, strict.post(sender.seal(dialog.next(MessageType::exit_dialog)))),
            "9400");
}

// Codes that say more than "not valid" stay what they are.
TEST_F(Strict, DialogRulesAndMissingIdsKeepTheirCodes) {
  const auto fetch = sender.request(MessageType::fetch_delivery);
  EXPECT_EQ(code_of(sender, strict.post(sender.seal(fetch))).substr(0, 2), "98");
  auto store = sender.delivery("", "Antrag");
  store.message_id.reset();
  EXPECT_EQ(code_of(sender, strict.post(sender.seal(store))), "9800");
  auto init = sender.request(MessageType::init_dialog);
  init.certificates.erase(init.certificates.begin());
  EXPECT_EQ(code_of(sender, strict.post(sender.seal(init))), "9500");
  EXPECT_EQ(code_of(sender, strict.post(sender.seal(sender.delivery("unknown", "Antrag")))),
            "9801");
}

} // namespace
