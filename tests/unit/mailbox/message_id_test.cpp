#include "base/encoding.h"
#include "mailbox/message_id.h"
#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <set>

namespace {

using base::ErrorCode;
using base::Instant;
using mailbox::MessageIdIssuer;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Instant kNow{base::Milliseconds{1'767'225'600'123}};
const std::string kKey(32, 'k');

MessageIdIssuer issuer() {
  return MessageIdIssuer(kKey, "https://intermediary.example", hours{24});
}

// Gives the octets it was told to give, then zeros.
class Scripted final : public base::RandomSource {
 public:
  explicit Scripted(std::deque<std::string> answers) : answers_(std::move(answers)) {}
  void fill(void* out, std::size_t size) override {
    std::string next(size, '\0');
    if (!answers_.empty()) {
      next = answers_.front();
      answers_.pop_front();
      next.resize(size, '\0');
    }
    std::copy(next.begin(), next.end(), static_cast<char*>(out));
  }

 private:
  std::deque<std::string> answers_;
};

ErrorCode refusal(const MessageIdIssuer& ids, std::string_view id, Instant now = kNow) {
  const auto result = ids.recognise(id, now);
  return result ? ErrorCode::internal : result.error().code;
}

TEST(MessageId, IsRecognisedByItsIssuer) {
  base::SystemRandom random;
  EXPECT_TRUE(issuer().recognise(issuer().issue(kNow, random), kNow));
}

TEST(MessageId, IsPrintableAndFitsTheReferenceClient) {
  base::SystemRandom random;
  for (int i = 0; i < 200; ++i) {
    const auto id = issuer().issue(kNow, random);
    EXPECT_EQ(id.size(), 40u);
    for (const char c : id)
      EXPECT_TRUE((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_')
          << id;
    EXPECT_FALSE(id.ends_with("_Partial"));
  }
}

TEST(MessageId, NeverRepeats) {
  base::SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(seen.insert(issuer().issue(kNow, random)).second);
}

TEST(MessageId, DependsOnNothingButKeyIssuerTimeAndRandom) {
  Scripted one({"12345678901"}), two({"12345678901"}), three({"12345678902"});
  const auto id = issuer().issue(kNow, one);
  EXPECT_EQ(issuer().issue(kNow, two), id);
  EXPECT_NE(issuer().issue(kNow, three), id);
}

TEST(MessageId, AlteredAnywhereIsRefused) {
  base::SystemRandom random;
  const auto id = issuer().issue(kNow, random);
  for (std::size_t i = 0; i < id.size(); ++i) {
    auto altered = id;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(refusal(issuer(), altered), ErrorCode::message_id_refused) << "character " << i;
  }
}

TEST(MessageId, OfAnotherKeyOrIssuerIsRefused) {
  base::SystemRandom random;
  const auto id = issuer().issue(kNow, random);
  const MessageIdIssuer other_key(std::string(32, 'x'), "https://intermediary.example", hours{24});
  const MessageIdIssuer other_name(kKey, "https://other.example", hours{24});
  EXPECT_EQ(refusal(other_key, id), ErrorCode::message_id_refused);
  EXPECT_EQ(refusal(other_name, id), ErrorCode::message_id_refused);
}

TEST(MessageId, ExpiresAfterItsValidity) {
  base::SystemRandom random;
  const auto id = issuer().issue(kNow, random);
  EXPECT_TRUE(issuer().recognise(id, kNow + hours{24}));
  EXPECT_EQ(refusal(issuer(), id, kNow + hours{24} + base::Milliseconds{1}),
            ErrorCode::message_id_refused);
}

TEST(MessageId, SurvivesASmallStepBackOfTheClockButIsNotTakenFromTheFuture) {
  base::SystemRandom random;
  const auto id = issuer().issue(kNow, random);
  EXPECT_TRUE(issuer().recognise(id, kNow - minutes{10}));
  EXPECT_EQ(refusal(issuer(), id, kNow - minutes{11}), ErrorCode::message_id_refused);
}

TEST(MessageId, IsTheSameAfterARestart) {
  base::SystemRandom random;
  const auto id = issuer().issue(kNow, random);
  const MessageIdIssuer restarted(kKey, "https://intermediary.example", hours{24});
  EXPECT_TRUE(restarted.recognise(id, kNow));
}

TEST(MessageId, OfAnyOtherFormIsRefused) {
  base::SystemRandom random;
  const auto id = issuer().issue(kNow, random);
  for (const auto& text :
       {std::string(), id + "A", id.substr(1), id.substr(0, 39), " " + id, id + "\n", id + "=",
        std::string(40, 'A'), std::string(40, '!'), std::string(40, '\0'),
        std::string("<123@elsewhere>"), std::string(100'000, 'A')})
    EXPECT_EQ(refusal(issuer(), text), ErrorCode::message_id_refused) << text.size();
}

TEST(MessageId, OfAnUnknownVersionIsRefused) {
  base::SystemRandom random;
  auto octets = *base::base64url_decode(issuer().issue(kNow, random));
  octets[0] = 2;
  EXPECT_EQ(refusal(issuer(), base::base64url_encode(octets)), ErrorCode::message_id_refused);
}

TEST(MessageId, NeedsAKeyThatCannotBeGuessed) {
  EXPECT_THROW(MessageIdIssuer(std::string(31, 'k'), "x", hours{1}), base::InternalError);
}

} // namespace
