// The program `osci` with chunked transfers, against the fake intermediary over HTTP.
#include "fake_chunks.h"
#include "http_front.h"
#include "osci_program.h"
#include <gtest/gtest.h>

namespace {

struct World {
  test::FakeIntermediary intermediary;
  test::FakeChunks chunks{intermediary};
  test::HttpFront front{intermediary};
  test::TemporaryFolder folder;

  std::vector<std::string> to_send(std::vector<std::string> more) const {
    more.push_back("--url=" + front.url());
    more.push_back("--spool=" + (folder / "spool"));
    more.push_back("--to-cert=" + support::captures_folder() + "/keys/recipient_cipher.cer");
    more.push_back("--chunk-above=1KiB");
    more.push_back("--chunk-size=8KiB");
    more.push_back("--attempts=1");
    return more;
  }
  std::string attachment() const {
    return "--attach=" + folder.write("plan.bin", std::string(20'000, 'x'));
  }
  bool sealed(const std::string& id) const {
    return std::filesystem::exists(folder / ("spool/" + id));
  }
};

TEST(ChunkedProgram, LearnsFromTheProcessCardWhatWasAcceptedLongAgo) {
  World world;
  bool lost = false;
  world.chunks.on_chunk = [&world, &lost](std::uint32_t number) {
    lost = lost || world.chunks.transfers.at("id-1").total == number;
    if (lost) world.intermediary.broken_after = 1000;
  };
  test::OsciProgram first("send", "sender", world.to_send({world.attachment()}));
  first.rest();
  EXPECT_EQ(first.end(), 3) << first.errors();
  ASSERT_TRUE(world.sealed("id-1"));
  ASSERT_EQ(world.intermediary.kept.size(), 1u);
  world.intermediary.broken_after = 0;
  world.chunks.on_chunk = nullptr;
  world.chunks.refuse[0] = "9801";
  test::OsciProgram later("send", "sender", world.to_send({"--resume"}));
  const auto text = later.rest();
  EXPECT_EQ(later.end(), 0) << later.errors();
  EXPECT_NE(text.find("message id  id-1"), std::string::npos) << text;
  EXPECT_NE(text.find("accepted    2026"), std::string::npos) << text;
  EXPECT_FALSE(world.sealed("id-1"));
}

TEST(ChunkedProgram, DiscardsWhatHasExpired) {
  World world;
  world.chunks.on_chunk = [&world](std::uint32_t) { world.intermediary.broken_after = 1000; };
  test::OsciProgram first("send", "sender", world.to_send({world.attachment()}));
  first.rest();
  EXPECT_EQ(first.end(), 3) << first.errors();
  world.intermediary.broken_after = 0;
  world.chunks.refuse[0] = "9801";
  test::OsciProgram later("send", "sender", world.to_send({"--resume", "id-1"}));
  later.rest();
  EXPECT_EQ(later.end(), 4);
  EXPECT_NE(later.errors().find("osci send --discard id-1"), std::string::npos) << later.errors();
  ASSERT_TRUE(world.sealed("id-1"));
  test::OsciProgram discard("send", "sender", world.to_send({"--discard", "id-1"}));
  discard.rest();
  EXPECT_EQ(discard.end(), 0) << discard.errors();
  EXPECT_FALSE(world.sealed("id-1"));
}

TEST(ChunkedProgram, SaysThatItWasStoppedAndGoesOnLater) {
  World world;
  base::SystemRandom random;
  client::Session sender(world.intermediary, test::identity("sender"), test::pinned(), {}, random,
                         [](base::Milliseconds) {});
  client::Letter letter{support::key("recipient_cipher").certificate, {}, {"<a/>"}, {}, {}};
  seal::Attachment plan;
  plan.content_id = "plan.bin";
  plan.bytes = std::string(20'000, 'x');
  letter.attachments.push_back(plan);
  const auto id = sender.store(letter).value().message_id;
  test::OsciProgram* running = nullptr;
  std::string in;
  // Chunk 2 is answered when the signal has been sent.
  world.chunks.on_chunk = [&running](std::uint32_t number) {
    if (number == 2) running->stop(SIGTERM);
  };
  const std::vector<std::string> arguments{"--url=" + world.front.url(), "--chunk-size=8KiB",
                                           "--out=" + (world.folder / "in")};
  {
    test::OsciProgram program("fetch", "recipient", arguments);
    running = &program;
    program.rest();
    EXPECT_EQ(program.end(), 3);
    EXPECT_NE(program.errors().find("osci: stopped"), std::string::npos) << program.errors();
    EXPECT_EQ(program.errors().find("cannot be reached"), std::string::npos) << program.errors();
  }
  world.chunks.on_chunk = nullptr;
  world.chunks.fetched.clear();
  test::OsciProgram again("fetch", "recipient", arguments);
  again.rest();
  EXPECT_EQ(again.end(), 0) << again.errors();
  EXPECT_EQ(world.chunks.fetched.front(), 3u);
  EXPECT_EQ(test::content_of(world.folder / ("in/" + id + "/plan.bin")), plan.bytes);
}

} // namespace
