#include "cli/metadata.h"
#include "cli/receive.h"
#include "fake_intermediary.h"
#include "support/metadata.h"
#include "temporary_folder.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using cli::FetchOrder;
using cli::FetchReport;
using osci::MessageType;

// A mailbox at a fake intermediary and a folder that it is fetched into.
struct Office {
  test::FakeIntermediary intermediary;
  base::SystemRandom random;
  base::SystemClock clock;
  test::TemporaryFolder folder;
  std::string in = folder / "in";
  client::Session reader{intermediary, test::identity("recipient"), test::pinned(), {},
                         random,       [](base::Milliseconds) {}};
  std::optional<cli::Shelf> shelf;

  Office() { shelf.emplace(cli::Shelf::open(in, random).value()); }

  std::string send(const std::string& text, const std::string& reader_key = "recipient_cipher",
                   const std::string& attachment = "plan.pdf") {
    client::Session sender(intermediary, test::identity("sender"), test::pinned(), {}, random,
                           [](base::Milliseconds) {});
    client::Letter letter{support::key("recipient_cipher").certificate,
                          {support::key(reader_key).certificate},
                          {text},
                          {},
                          "Größe"};
    seal::Attachment file;
    file.content_id = attachment;
    file.bytes = "%PDF " + text;
    letter.attachments.push_back(file);
    return sender.store(letter).value().message_id;
  }
  // Encrypted for somebody else: this reader cannot open it.
  std::string send_bad() { return send("bad", "other_cipher"); }

  FetchReport fetch(FetchOrder order = {}) {
    cli::Receiver receiver(reader, *shelf, std::move(order), clock, random);
    return receiver.run();
  }
  bool received(const std::string& id) { return intermediary.find(id)->received; }
  bool exists(const std::string& name) const { return std::filesystem::exists(in + "/" + name); }
  int count(MessageType type) const {
    return static_cast<int>(
        std::count(intermediary.requests.begin(), intermediary.requests.end(), type));
  }
};

TEST(Receiver, WritesEveryDeliveryToItsFolderAndAcknowledgesAll) {
  Office office;
  const auto first = office.send("<a/>"), second = office.send("two");
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  ASSERT_EQ(report.kept.size(), 2u);
  EXPECT_TRUE(report.kept[0].is_signed);
  ASSERT_EQ(report.kept[0].authors.size(), 1u);
  EXPECT_EQ(test::content_of(office.in + "/" + first + "/content0.xml"), "<a/>");
  EXPECT_EQ(test::content_of(office.in + "/" + first + "/plan.pdf"), "%PDF <a/>");
  EXPECT_EQ(test::content_of(office.in + "/" + second + "/content0.bin"), "two");
  const auto about = test::content_of(office.in + "/" + first + "/delivery.json");
  EXPECT_NE(about.find("\"subject\":\"Größe\""), std::string::npos) << about;
  EXPECT_TRUE(office.received(first));
  EXPECT_TRUE(office.received(second));
  EXPECT_FALSE(office.intermediary.dialog_open);
}

TEST(Receiver, KeepsAndDescribesMessageMetaData) {
  Office office;
  client::Session sender(office.intermediary, test::identity("sender"), test::pinned(), {},
                         office.random, [](base::Milliseconds) {});
  client::Letter letter{support::key("recipient_cipher").certificate, {}, {"<a/>"}, {}, "Antrag"};
  const auto header = osci::adopt_metadata(support::kMetaDataSample).value();
  letter.headers.push_back({"MetaData", header});
  // Takes its name away from nobody.
  seal::Attachment file;
  file.content_id = "metadata.xml";
  file.bytes = "mine";
  letter.attachments.push_back(file);
  const auto id = sender.store(letter).value().message_id;
  ASSERT_EQ(office.fetch().kept.size(), 1u);
  const auto folder = office.in + "/" + id;
  EXPECT_EQ(test::content_of(folder + "/metadata.xml"), header);
  EXPECT_EQ(test::content_of(folder + "/metadata-2.xml"), "mine");
  const auto about = test::content_of(folder + "/delivery.json");
  EXPECT_NE(about.find("\"service\":\"http://service.example/wohngeld/1/Wohngeld.wsdl\""),
            std::string::npos)
      << about;
  EXPECT_NE(about.find("wohngeld.antrag.0100"), std::string::npos);
  // What `osci card --kept` reads.
  const auto kept = cli::kept_metadata(office.in, id);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->at("reader").as_string(), "wgb:059130000000");
  EXPECT_FALSE(cli::kept_metadata(office.in, "unknown"));
  const auto plain = office.send("without");
  office.fetch();
  EXPECT_FALSE(cli::kept_metadata(office.in, plain));
}

TEST(Receiver, LetsNoRequestLeaveBeforeTheDeliveryIsOnTheDisk) {
  Office office;
  const auto first = office.send("1"), second = office.send("2");
  std::vector<std::pair<bool, bool>> seen;
  office.intermediary.watch = [&](const osci::Request&) {
    seen.push_back({office.exists(first), office.exists(second)});
  };
  office.fetch();
  // InitDialog, fetch the first, fetch the second, find nothing more, ExitDialog.
  EXPECT_EQ(seen, (std::vector<std::pair<bool, bool>>{
                      {false, false}, {false, false}, {true, false}, {true, true}, {true, true}}));
}

TEST(Receiver, AcknowledgesNothingThatCannotBeWritten) {
  Office office;
  const auto id = office.send("1");
  // Somebody's file stands where the delivery wants to go.
  office.folder.write("in/" + id, "in the way");
  const auto report = office.fetch();
  ASSERT_TRUE(report.stopped);
  EXPECT_EQ(report.stopped->code, ErrorCode::file_error);
  EXPECT_FALSE(office.received(id));
  EXPECT_EQ(office.count(MessageType::exit_dialog), 0);
  EXPECT_EQ(test::content_of(office.in + "/" + id), "in the way");
}

TEST(Receiver, KeepsABadDeliveryUnreceivedAndFetchesWhatFollowsIt) {
  Office office;
  const auto before = office.send("before"), bad = office.send_bad();
  const auto between = office.send("between"), bad_too = office.send_bad();
  const auto after = office.send("after");
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(report.kept.size(), 3u);
  ASSERT_EQ(report.bad.size(), 2u);
  EXPECT_EQ(report.bad[0].message_id, bad);
  EXPECT_EQ(report.bad[0].error.code, ErrorCode::unknown_cipher_certificate);
  EXPECT_FALSE(report.bad[0].acknowledged);
  for (const auto& id : {before, between, after}) EXPECT_TRUE(office.received(id));
  for (const auto& id : {bad, bad_too}) {
    EXPECT_FALSE(office.received(id));
    EXPECT_FALSE(office.exists(id));
    EXPECT_NE(test::content_of(office.in + "/undeliverable/" + id + "/message.osci")
                  .find("soap:Envelope"),
              std::string::npos);
    EXPECT_NE(test::content_of(office.in + "/undeliverable/" + id + "/report.json")
                  .find("unknown_cipher_certificate"),
              std::string::npos);
  }
}

TEST(Receiver, DoesNotFetchKnownBadDeliveriesAgainWhileItWatches) {
  Office office;
  const auto bad = office.send_bad();
  cli::Receiver receiver(office.reader, *office.shelf, {}, office.clock, office.random);
  EXPECT_EQ(receiver.run().bad.size(), 1u);
  const int fetched = office.intermediary.find(bad)->fetched;
  EXPECT_TRUE(receiver.run().bad.empty());
  const auto good = office.send("good");
  EXPECT_EQ(receiver.run().kept.size(), 1u);
  EXPECT_EQ(office.intermediary.find(bad)->fetched, fetched);
  EXPECT_TRUE(office.received(good));
  EXPECT_FALSE(office.received(bad));
}

TEST(Receiver, AcknowledgesBadDeliveriesOnlyWhenToldToAndAfterKeepingThemRaw) {
  Office office;
  const auto bad = office.send_bad(), good = office.send("good");
  std::vector<bool> kept_raw;
  office.intermediary.watch = [&](const osci::Request& request) {
    if (request.type == MessageType::fetch_delivery)
      kept_raw.push_back(office.exists("undeliverable/" + bad + "/message.osci"));
  };
  FetchOrder order;
  order.skip_bad = true;
  const auto report = office.fetch(order);
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_TRUE(report.bad[0].acknowledged);
  EXPECT_TRUE(office.received(bad));
  EXPECT_TRUE(office.received(good));
  EXPECT_EQ(kept_raw, (std::vector<bool>{false, true, true}));
}

TEST(Receiver, RecognisesADeliveryWhoseAcknowledgementGotLost) {
  Office office;
  const auto id = office.send("1");
  ASSERT_EQ(office.fetch().kept.size(), 1u);
  office.intermediary.find(id)->received = false;
  const auto report = office.fetch();
  ASSERT_EQ(report.kept.size(), 1u);
  EXPECT_TRUE(report.kept[0].already_there);
  EXPECT_TRUE(office.received(id));
}

TEST(Receiver, FetchesByIdAndTellsWhatIsMissing) {
  Office office;
  office.send("1");
  const auto second = office.send("2");
  FetchOrder order;
  order.ids = {"unknown", second};
  const auto report = office.fetch(order);
  ASSERT_EQ(report.kept.size(), 1u);
  EXPECT_EQ(report.kept[0].message_id, second);
  EXPECT_EQ(report.not_found, std::vector<std::string>{"unknown"});
  EXPECT_TRUE(office.received(second));
}

TEST(Receiver, RefusesUnsignedContentUnlessAllowed) {
  Office office;
  const auto id = office.send("1");
  auto& kept = *office.intermediary.find(id);
  base::SystemRandom random;
  seal::EncryptContent encrypt;
  for (const auto& one : kept.certificates)
    if (one.role == "CipherCertificateOtherReader")
      encrypt.readers.push_back({one.role, one.id, one.certificate});
  kept.content.body = seal::seal_content({{"unsigned"}, {}}, std::nullopt, encrypt, random)->body;
  kept.content.attachments.clear();
  const auto report = office.fetch();
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].error.code, ErrorCode::signature_missing);
  FetchOrder order;
  order.allow_unsigned = true;
  const auto allowed = office.fetch(order);
  ASSERT_EQ(allowed.kept.size(), 1u);
  EXPECT_FALSE(allowed.kept[0].is_signed);
}

TEST(Receiver, HoldsAuthorsAgainstTrustedIssuersWhenAsked) {
  Office office;
  office.send("1");
  FetchOrder order;
  const crypto::TrustStore strangers({support::key("other_sign").certificate}, {}, {});
  order.authors = &strangers;
  const auto report = office.fetch(order);
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].error.code, ErrorCode::signer_certificate_wrong);
  const crypto::TrustStore ca({support::test_ca()}, {}, {});
  order.authors = &ca;
  EXPECT_EQ(office.fetch(order).kept.size(), 1u);
}

TEST(Receiver, StopsAtAnUnverifiedAnswerToTheListAndSendsNothingMore) {
  Office office;
  office.send("1");
  office.intermediary.watch = [&](const osci::Request& request) {
    if (request.type == MessageType::fetch_delivery) office.intermediary.sign = false;
  };
  const auto report = office.fetch();
  ASSERT_TRUE(report.stopped);
  EXPECT_EQ(report.stopped->code, ErrorCode::signature_missing);
  EXPECT_EQ(office.count(MessageType::exit_dialog), 0);
  EXPECT_FALSE(office.intermediary.kept[0].received);
}

TEST(Receiver, KeepsTheRawAnswerOfADeliveryThatComesUnverified) {
  Office office;
  const auto good = office.send("good"), spoiled = office.send("spoiled");
  office.intermediary.change = [&](osci::Answer& answer) {
    const bool hit = answer.to == MessageType::fetch_delivery && !answer.cards.empty() &&
                     answer.cards[0].message_id == spoiled;
    office.intermediary.signature_key = hit ? "other_sign" : "intermed_sign";
  };
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  ASSERT_EQ(report.kept.size(), 1u);
  EXPECT_EQ(report.kept[0].message_id, good);
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].message_id, spoiled);
  EXPECT_EQ(report.bad[0].error.code, ErrorCode::signature_wrong);
  EXPECT_FALSE(test::content_of(office.in + "/undeliverable/" + spoiled + "/message.osci").empty());
  EXPECT_TRUE(office.received(good));
  EXPECT_FALSE(office.received(spoiled));
}

TEST(Receiver, StopsBetweenDeliveriesWhenAskedToAndAcknowledgesWhatItHas) {
  Office office;
  const auto first = office.send("1"), second = office.send("2");
  cli::Receiver receiver(office.reader, *office.shelf, {}, office.clock, office.random);
  bool stop = false;
  receiver.on_kept = [&](const cli::KeptDelivery&) { stop = true; };
  receiver.stop = [&] { return stop; };
  EXPECT_EQ(receiver.run().kept.size(), 1u);
  EXPECT_TRUE(office.received(first));
  EXPECT_FALSE(office.received(second));
  EXPECT_EQ(office.intermediary.find(second)->fetched, 0);
}

TEST(Receiver, ReportsABrokenConnectionAndKeepsWhatItHas) {
  Office office;
  const auto first = office.send("1");
  office.send("2");
  int requests = 0;
  office.intermediary.watch = [&](const osci::Request&) {
    if (++requests == 2) office.intermediary.broken_before = 1000;
  };
  const auto report = office.fetch();
  ASSERT_TRUE(report.stopped);
  EXPECT_EQ(report.stopped->code, ErrorCode::network);
  EXPECT_EQ(report.kept.size(), 1u);
  EXPECT_TRUE(office.exists(first));
  EXPECT_FALSE(office.received(first));
}

TEST(Receiver, NamesFilesSafelyWhateverTheSenderCalledThem) {
  Office office;
  const auto id = office.send("1");
  auto& content = office.intermediary.find(id)->content;
  // As a hostile sender would: an open container whose attachment is named like a path.
  content.body = "<osci:ContentPackage><osci:ContentContainer Id=\"c\"><osci:Content Id=\"a\" "
                 "href=\"cid:../../evil.sh\"></osci:Content></osci:ContentContainer>"
                 "</osci:ContentPackage>";
  seal::Attachment file;
  file.content_id = "../../evil.sh";
  file.bytes = "x";
  content.attachments = {file};
  FetchOrder order;
  order.allow_unsigned = true;
  const auto report = office.fetch(order);
  ASSERT_EQ(report.kept.size(), 1u) << (report.bad.empty() ? "" : report.bad[0].error.detail);
  EXPECT_EQ(report.kept[0].files.at(0).name, "evil.sh");
  EXPECT_TRUE(office.exists(id + "/evil.sh"));
}

} // namespace
