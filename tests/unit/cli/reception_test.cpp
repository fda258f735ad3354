// What becomes of a delivery that is pushed to `osci serve`: on the disk before it is answered
// positively, once, and never lost in silence.
#include "cli/reception.h"
#include "fake_intermediary.h"
#include "pusher.h"
#include "temporary_folder.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using base::ErrorCode;
using cli::ReplyOrder;
using osci::MessageType;
using test::Push;

struct Office {
  base::SystemRandom random;
  base::SystemClock clock;
  test::TemporaryFolder folder;
  std::string in = folder / "in";
  test::Pusher pusher;
  client::Recipient recipient{test::identity("recipient"), test::pinned(), {}, random};
  cli::ContentPolicy policy;
  ReplyOrder order;
  std::optional<cli::Shelf> shelf;
  std::optional<cli::Reception> reception;
  std::vector<cli::KeptDelivery> kept;
  std::vector<cli::BadDelivery> bad;
  std::vector<base::Error> problems;

  void start() {
    shelf.emplace(cli::Shelf::open(in, random).value());
    reception.emplace(recipient, *shelf, policy, order, clock, random);
    reception->on_kept = [this](const cli::KeptDelivery& one) { kept.push_back(one); };
    reception->on_bad = [this](const cli::BadDelivery& one) { bad.push_back(one); };
    reception->on_problem = [this](const cli::Label&, const base::Error& error, bool) {
      problems.push_back(error);
    };
  }
  std::string post(const std::string& wire) {
    if (!reception) start();
    return recipient
        .answer(wire, "", [this](const client::Pushed& pushed) { return reception->take(pushed); })
        .body;
  }
  test::PushAnswer push(const Push& push) { return pusher.open(post(pusher.wire(push)), push); }
  std::string code(const Push& push) { return this->push(push).code(); }

  bool exists(const std::string& name) const { return std::filesystem::exists(in + "/" + name); }
  std::string content(const std::string& name) const { return test::content_of(in + "/" + name); }
  void run_script(const std::string& text) {
    order.kind = ReplyOrder::Kind::command;
    order.program.path = folder.write("script", "#!/bin/sh\n" + text + "\n");
    ::chmod(order.program.path.c_str(), 0700);
  }
  std::size_t folders() const {
    std::size_t out = 0;
    for (const auto& entry : std::filesystem::directory_iterator(in)) out += entry.is_directory();
    return out;
  }
};

Push process(const std::string& id = "push-1") {
  Push out;
  out.type = MessageType::process_delivery;
  out.message_id = id;
  out.reply_id = "reply-1";
  return out;
}

TEST(Reception, WritesADeliveryAsFetchDoesAndThenSaysSo) {
  Office office;
  Push push;
  seal::Attachment file;
  file.content_id = "plan.pdf";
  file.bytes = "%PDF";
  push.attachments.push_back(file);
  EXPECT_EQ(office.code(push), "0800");
  EXPECT_EQ(office.content("push-1/content0.xml"), "<antrag/>");
  EXPECT_EQ(office.content("push-1/plan.pdf"), "%PDF");
  const auto about = office.content("push-1/delivery.json");
  EXPECT_NE(about.find("\"subject\":\"Größe\""), std::string::npos) << about;
  EXPECT_NE(about.find("\"signed\":true"), std::string::npos) << about;
  ASSERT_EQ(office.kept.size(), 1u);
  EXPECT_EQ(office.kept[0].authors.at(0), support::key("sender_sign").certificate);
}

TEST(Reception, TakesARepeatAsTheSameDelivery) {
  Office office;
  const auto wire = office.pusher.wire({});
  EXPECT_EQ(office.pusher.open(office.post(wire), {}).code(), "0800");
  EXPECT_EQ(office.pusher.open(office.post(wire), {}).code(), "0800"); // octet for octet
  // The intermediary made a new envelope around the same content, with a new challenge.
  auto request = office.pusher.request({});
  Push again;
  again.challenge = "bmV1";
  request.control.challenge = again.challenge;
  EXPECT_EQ(office.pusher.open(office.post(office.pusher.close(request, again)), again).code(),
            "0800");
  EXPECT_EQ(office.folders(), 1u);
  ASSERT_EQ(office.kept.size(), 3u);
  EXPECT_FALSE(office.kept[0].already_there);
  EXPECT_TRUE(office.kept[1].already_there);
  EXPECT_TRUE(office.kept[2].already_there);
}

TEST(Reception, RemembersDeliveriesAcrossARestart) {
  Office office;
  EXPECT_EQ(office.code({}), "0800");
  office.reception.reset();
  office.shelf.reset();
  EXPECT_EQ(office.code({}), "0800");
  EXPECT_EQ(office.folders(), 1u);
  EXPECT_TRUE(office.kept.at(1).already_there);
}

TEST(Reception, RefusesOtherContentUnderTheSameId) {
  Office office;
  EXPECT_EQ(office.code({}), "0800");
  Push other;
  other.data = {"<anderes/>"};
  EXPECT_EQ(office.code(other), "9801");
  EXPECT_EQ(office.content("push-1/content0.xml"), "<antrag/>");
  ASSERT_EQ(office.problems.size(), 1u);
}

TEST(Reception, RefusesAndKeepsWhatItCannotDecrypt) {
  Office office;
  Push push;
  push.reader = "other_cipher";
  const auto answer = office.push(push);
  EXPECT_EQ(answer.code(), "9805");
  EXPECT_NE(answer.answer.feedback[0].text.find("Inhalt"), std::string::npos);
  EXPECT_FALSE(office.exists("push-1"));
  EXPECT_NE(office.content("undeliverable/push-1/message.osci").find("acceptDelivery"),
            std::string::npos);
  EXPECT_NE(office.content("undeliverable/push-1/report.json").find("unknown_cipher_certificate"),
            std::string::npos);
  ASSERT_EQ(office.bad.size(), 1u);
  EXPECT_EQ(office.bad[0].error.code, ErrorCode::unknown_cipher_certificate);
  // Again, and later with a key that opens it.
  EXPECT_EQ(office.code(push), "9805");
  push.reader = "recipient_cipher";
  EXPECT_EQ(office.code(push), "0800");
}

TEST(Reception, RefusesAndKeepsSpoiledContent) {
  Office office;
  Push push;
  push.data = {std::string(4096, 'x')};
  auto request = office.pusher.request(push);
  // Another letter in the middle of the content's ciphertext; the transport signature is right.
  auto& body = request.content.body;
  const auto at = body.rfind("CipherValue>") - 3000;
  body[at] = body[at] == 'A' ? 'B' : 'A';
  EXPECT_EQ(office.pusher.open(office.post(office.pusher.close(request, push)), push).code(),
            "9805");
  ASSERT_EQ(office.bad.size(), 1u);
  EXPECT_EQ(office.bad[0].error.code, ErrorCode::undecryptable);
}

TEST(Reception, RefusesContentWithoutAuthorUnlessAllowed) {
  Push push;
  push.sign_content = false;
  Office office;
  EXPECT_EQ(office.code(push), "9805");
  EXPECT_EQ(office.bad.at(0).error.code, ErrorCode::signature_missing);
  Office easy;
  easy.policy.allow_unsigned = true;
  EXPECT_EQ(easy.code(push), "0800");
  EXPECT_FALSE(easy.kept.at(0).is_signed);
}

TEST(Reception, HoldsAuthorsAgainstTrustedIssuersWhenAsked) {
  const crypto::TrustStore strangers({support::key("other_sign").certificate}, {}, {});
  Office office;
  office.policy.authors = &strangers;
  EXPECT_EQ(office.code({}), "9805");
  const crypto::TrustStore ca({support::test_ca()}, {}, {});
  Office trusting;
  trusting.policy.authors = &ca;
  EXPECT_EQ(trusting.code({}), "0800");
}

TEST(Reception, RefusesWhatItCannotStore) {
  Office office;
  office.start();
  // Root may write everywhere, so that permissions alone would prove nothing.
  std::filesystem::remove_all(office.in);
  EXPECT_EQ(office.code({}), "9811");
  Push bad;
  bad.reader = "other_cipher";
  EXPECT_EQ(office.code(bad), "9811"); // nor can it be kept as undeliverable
  EXPECT_TRUE(office.kept.empty());
  EXPECT_TRUE(office.bad.empty());
  ASSERT_EQ(office.problems.size(), 2u);
  EXPECT_EQ(office.problems[0].code, ErrorCode::file_error);
  // The disk is there again: the intermediary's next attempt succeeds.
  std::filesystem::create_directory(office.in);
  EXPECT_EQ(office.code({}), "0800");
}

TEST(Reception, RefusesWhatItMayNotWrite) {
  if (::geteuid() == 0) return; // the case above stands for root
  Office office;
  office.start();
  ::chmod(office.in.c_str(), 0500);
  EXPECT_EQ(office.code({}), "9811");
  ::chmod(office.in.c_str(), 0700);
  EXPECT_EQ(office.code({}), "0800");
}

TEST(Reception, EchoesTheReceivedFilesToTheSender) {
  Office office;
  auto push = process();
  push.data = {"<frage/>", "zwei"};
  seal::Attachment file;
  file.content_id = "plan.pdf";
  file.bytes = "%PDF";
  push.attachments.push_back(file);
  const auto answer = office.push(push);
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_EQ(answer.answer.message_id, "reply-1");
  EXPECT_EQ(office.pusher.reply(answer), (std::vector<std::string>{"<frage/>", "zwei", "%PDF"}));
  EXPECT_EQ(office.content("push-1/content0.xml"), "<frage/>");
}

TEST(Reception, AnswersWithFeedbackAloneWhenToldTo) {
  Office office;
  office.order.kind = ReplyOrder::Kind::none;
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_FALSE(answer.answer.content);
  EXPECT_TRUE(office.exists("push-1"));
}

TEST(Reception, SendsWhatTheProgramMakesOfTheDelivery) {
  Office office;
  office.run_script("printf 'Antwort auf '; cat \"$1/content0.xml\"");
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_EQ(office.pusher.reply(answer), std::vector<std::string>{"Antwort auf <antrag/>"});
  EXPECT_EQ(office.content("replies/push-1/reply"), "Antwort auf <antrag/>");
}

TEST(Reception, RunsTheProgramOnceForADelivery) {
  Office office;
  office.run_script("echo run >> " + (office.folder / "runs") + "; date +%N");
  const auto first = office.pusher.reply(office.push(process()));
  EXPECT_EQ(office.pusher.reply(office.push(process())), first);
  office.reception.reset();
  office.shelf.reset();
  EXPECT_EQ(office.pusher.reply(office.push(process())), first);
  EXPECT_EQ(test::content_of(office.folder / "runs"), "run\n");
}

TEST(Reception, SaysNoWhenTheProgramFailsAndTriesAgainWithTheRepeat) {
  Office office;
  office.run_script("echo half; test -e " + (office.folder / "ready"));
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "9808");
  EXPECT_FALSE(answer.answer.content);
  EXPECT_TRUE(office.exists("push-1")) << "what was received is not thrown away";
  ASSERT_EQ(office.problems.size(), 1u);
  office.folder.write("ready", "");
  EXPECT_EQ(office.pusher.reply(office.push(process())), std::vector<std::string>{"half\n"});
}

TEST(Reception, SaysNoWhenTheProgramTakesTooLongOrWritesTooMuch) {
  Office office;
  office.order.limits = {base::Milliseconds{200}, 1000};
  office.run_script("sleep 30");
  EXPECT_EQ(office.code(process()), "9808");
  EXPECT_EQ(office.problems.at(0).code, ErrorCode::timed_out);
  office.run_script("while :; do echo much; done");
  EXPECT_EQ(office.code(process("push-2")), "9808");
  EXPECT_EQ(office.problems.at(1).code, ErrorCode::too_large);
  office.order.program.path = office.folder / "missing";
  office.reception.reset();
  office.shelf.reset();
  EXPECT_EQ(office.code(process("push-3")), "9808");
}

TEST(Reception, SaysNoWithoutRunningAnythingWhenNobodyCouldReadTheReply) {
  Office office;
  office.run_script("touch " + (office.folder / "ran"));
  auto push = process();
  push.name_originator = false;
  EXPECT_EQ(office.code(push), "9808");
  EXPECT_FALSE(std::filesystem::exists(office.folder / "ran"));
}

TEST(Reception, SendsNoEmptyReply) {
  Office office;
  office.run_script("true");
  const auto answer = office.push(process());
  EXPECT_EQ(answer.code(), "0800");
  EXPECT_FALSE(answer.answer.content);
}

TEST(Reception, RecognisesADeliveryWithoutIdByItsOctets) {
  Office office;
  auto push = process("");
  push.reply_id.reset();
  const auto wire = office.pusher.wire(push);
  EXPECT_EQ(office.pusher.open(office.post(wire), push).code(), "0800");
  EXPECT_EQ(office.pusher.open(office.post(wire), push).code(), "0800");
  EXPECT_EQ(office.folders(), 1u);
  EXPECT_TRUE(office.kept.at(0).folder.find("/unnumbered-") != std::string::npos);
  EXPECT_EQ(office.code(push), "0800"); // sealed anew: another delivery
  EXPECT_EQ(office.folders(), 2u);
}

TEST(Reception, KeepsHostileMessageIdsInsideItsFolder) {
  Office office;
  for (const char* id : {"../../evil", "undeliverable", "replies", ".hidden", "unnumbered-00"}) {
    Push push;
    push.message_id = id;
    EXPECT_EQ(office.code(push), "0800") << id;
  }
  EXPECT_EQ(office.folders(), 5u);
  EXPECT_FALSE(office.exists("undeliverable"));
  EXPECT_FALSE(office.exists("replies"));
}

TEST(Reception, MakesOneReplyWhenTheSameDeliveryComesTwiceAtOnce) {
  Office office;
  office.run_script("echo run >> " + (office.folder / "runs") + "; sleep 0.2; date +%N");
  office.start();
  const auto wire = office.pusher.wire(process());
  std::vector<std::string> bodies(3);
  {
    std::vector<std::jthread> threads;
    for (auto& body : bodies) threads.emplace_back([&] { body = office.post(wire); });
  }
  const auto first = office.pusher.reply(office.pusher.open(bodies[0], process()));
  for (const auto& body : bodies)
    EXPECT_EQ(office.pusher.reply(office.pusher.open(body, process())), first);
  EXPECT_EQ(test::content_of(office.folder / "runs"), "run\n");
}

} // namespace
