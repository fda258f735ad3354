#include "cli/keep.h"
#include "cli/resent.h"
#include "support/keys.h"
#include "temporary_folder.h"
#include <gtest/gtest.h>

namespace {

using namespace cli;

const std::string kUuid = "0f8fad5b-d9cb-469f-a165-70867728950e";

std::string message(const std::string& uuid, const std::string& more = "") {
  return "<a:antrag xmlns:a='urn:a' "
         "xmlns:b='urn:b'><b:nachrichtenkopf.g2g><b:identifikation.nachricht>"
         "<b:nachrichtenUUID>" +
         uuid + "</b:nachrichtenUUID></b:identifikation.nachricht></b:nachrichtenkopf.g2g>" + more +
         "</a:antrag>";
}

TEST(MessageUuid, IsReadFromTheHeaderInAnyNamespace) {
  EXPECT_EQ(message_uuid(message(kUuid)), kUuid);
  EXPECT_EQ(message_uuid(message("\n 0F8FAD5B-D9CB-469F-A165-70867728950E ")), kUuid);
  EXPECT_EQ(message_uuid("<x><identifikation.nachricht><nachrichtenUUID>" + kUuid +
                         "</nachrichtenUUID></identifikation.nachricht></x>"),
            kUuid);
}

TEST(MessageUuid, IsNothingElse) {
  EXPECT_FALSE(message_uuid("%PDF-1.7 nachrichtenUUID"));
  EXPECT_FALSE(message_uuid(""));
  EXPECT_FALSE(message_uuid(message("4711")));
  EXPECT_FALSE(message_uuid(message("0f8fad5b-d9cb-469f-a165-70867728950")));
  EXPECT_FALSE(message_uuid(message("0f8fad5b+d9cb-469f-a165-70867728950e")));
  EXPECT_FALSE(
      message_uuid("<q><bezug><nachrichtenUUID>" + kUuid + "</nachrichtenUUID></bezug></q>"))
      << "the UUID of a message that this one answers";
  EXPECT_FALSE(message_uuid("<!DOCTYPE x []>" + message(kUuid)));
}

struct Duplicates : testing::Test {
  test::TemporaryFolder folder;
  base::SystemRandom random;
  base::SystemClock clock;
  base::Result<Shelf> opened = Shelf::open(folder / "in", random);
  const Shelf& shelf = *opened;
  Keeper keeper{shelf, {true, nullptr}, clock};

  // Of a delivery with this id whose message `author` signed.
  KeptDelivery keep(const std::string& id, const std::string& text, const char* author) {
    seal::OpenedContent content;
    seal::ContentItem item;
    item.name = "antrag";
    item.bytes = text;
    if (author) {
      item.signature = seal::SignatureState::valid;
      item.signers = {support::key(author).certificate};
    }
    content.items.push_back(std::move(item));
    mailbox::ProcessCard card;
    card.message_id = id;
    auto kept = keeper.keep(content, label_of(card));
    EXPECT_TRUE(kept) << kept.error().detail;
    return std::move(*kept);
  }
};

TEST_F(Duplicates, AreMarkedAndKept) {
  EXPECT_EQ(keep("first", message(kUuid), "sender_sign").duplicate_of, "");
  const auto second = keep("second", message(kUuid), "sender_sign");
  EXPECT_EQ(second.duplicate_of, "first");
  const auto about = test::content_of(folder / "in/second/delivery.json");
  EXPECT_NE(about.find("\"duplicate_of\":\"first\""), std::string::npos) << about;
  EXPECT_EQ(test::content_of(folder / "in/second/antrag.xml"), message(kUuid));
  EXPECT_EQ(keep("third", message(kUuid), "sender_sign").duplicate_of, "first");
}

TEST_F(Duplicates, AreOfTheSameAuthorAndUuid) {
  keep("first", message(kUuid), "sender_sign");
  EXPECT_EQ(keep("second", message(kUuid), "other_sign").duplicate_of, "");
  EXPECT_EQ(keep("third", message(kUuid), nullptr).duplicate_of, "");
  EXPECT_EQ(keep("fourth", message("1" + kUuid.substr(1)), "sender_sign").duplicate_of, "");
  EXPECT_EQ(keep("fifth", "<a/>", "sender_sign").duplicate_of, "");
}

TEST_F(Duplicates, AreNotTheSameDeliveryFetchedAgain) {
  EXPECT_FALSE(keep("first", message(kUuid), "sender_sign").already_there);
  const auto again = keep("first", message(kUuid), "sender_sign");
  EXPECT_TRUE(again.already_there);
  EXPECT_EQ(again.duplicate_of, "");
}

// A run that died after it noted the message and before it kept it, and a clerk that took the
// folder away: there is nothing that the next one would be a duplicate of.
TEST_F(Duplicates, NeedAFolderThatIsThere) {
  ASSERT_TRUE(
      sent_before(shelf, support::key("sender_sign").certificate.fingerprint(), kUuid, "died"));
  EXPECT_EQ(keep("second", message(kUuid), "sender_sign").duplicate_of, "");
  EXPECT_EQ(keep("third", message(kUuid), "sender_sign").duplicate_of, "second");
}

} // namespace
