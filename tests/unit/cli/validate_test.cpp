// --validate of the program `osci`: what is not valid does not leave, and what arrives is marked.
#include "fake_intermediary.h"
#include "http_front.h"
#include "osci_program.h"
#include <boost/json.hpp>
#include <filesystem>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const std::string kXantrag = DC_SOURCE_DIR "/xoev-schemas/xantrag";

struct World {
  test::FakeIntermediary intermediary;
  test::HttpFront front{intermediary};
  test::TemporaryFolder folder;
  std::string good = test::content_of(kXantrag + "/1_0/samples/wohngeld-dortmund.xml");

  std::string broken() const {
    std::string out = good;
    const std::string what = "<code>mietzuschuss</code>";
    return out.replace(out.find(what), what.size(), "<code>GEHEIM</code>");
  }
  std::vector<std::string> to_send(std::vector<std::string> more) const {
    more.push_back("--url=" + front.url());
    more.push_back("--to-cert=" + support::captures_folder() + "/keys/recipient_cipher.cer");
    more.push_back("--attempts=1");
    return more;
  }
  std::string send(const std::vector<std::string>& data, const std::string& attachment = "") {
    base::SystemRandom random;
    client::Session sender(intermediary, test::identity("sender"), test::pinned(), {}, random,
                           [](base::Milliseconds) {});
    client::Letter letter{support::key("recipient_cipher").certificate, {}, data, {}, {}};
    if (!attachment.empty()) {
      seal::Attachment file;
      file.content_id = attachment;
      file.bytes = "forged";
      letter.attachments.push_back(file);
    }
    return sender.store(letter).value().message_id;
  }
};

TEST(Validate, WhatIsNotValidDoesNotLeave) {
  World world;
  const auto file = world.folder.write("antrag.xml", world.broken());
  test::OsciProgram program("send", "sender", world.to_send({"--validate=" + kXantrag, file}));
  EXPECT_EQ(program.rest(), "");
  EXPECT_EQ(program.end(), 10) << program.errors();
  const auto errors = program.errors();
  EXPECT_NE(errors.find("/wohngeld.antrag.0100/wohngeldart/code, line "), std::string::npos)
      << errors;
  EXPECT_EQ(errors.find("GEHEIM"), std::string::npos) << errors;
  EXPECT_TRUE(world.intermediary.requests.empty());
  EXPECT_TRUE(world.intermediary.kept.empty());
}

TEST(Validate, AttachmentsThatAreXmlAreJudgedToo) {
  World world;
  const auto good = world.folder.write("antrag.xml", world.good);
  const auto broken = world.folder.write("broken.xml", "\xEF\xBB\xBF" + world.broken());
  const auto plan = world.folder.write("plan.pdf", "%PDF-1.7");
  test::OsciProgram refused("send", "sender",
                            world.to_send({"--validate=" + kXantrag, good, "--attach=" + broken}));
  refused.rest();
  EXPECT_EQ(refused.end(), 10) << refused.errors();
  EXPECT_TRUE(world.intermediary.kept.empty());
  test::OsciProgram sent(
      "send", "sender",
      world.to_send({"--validate=" + kXantrag, "--attach=" + good, "--attach=" + plan}));
  sent.rest();
  EXPECT_EQ(sent.end(), 0) << sent.errors();
}

TEST(Validate, WhatIsValidLeavesAlsoByTheProfile) {
  World world;
  const auto file = world.folder.write("antrag.xml", world.good);
  fs::create_directory_symlink(kXantrag, world.folder / "packs");
  const auto profile = world.folder.write("efa.toml", "validate = 'packs'\n");
  test::OsciProgram program("send", "sender", world.to_send({"--profile=" + profile, file}));
  program.rest();
  EXPECT_EQ(program.end(), 0) << program.errors();
  EXPECT_EQ(world.intermediary.kept.size(), 1u);
  // Nothing that could be valid, and a folder without packs.
  const auto pdf = world.folder.write("plan.pdf", "%PDF-1.7");
  test::OsciProgram no_xml("send", "sender", world.to_send({"--profile=" + profile, pdf}));
  no_xml.rest();
  EXPECT_EQ(no_xml.end(), 10) << no_xml.errors();
  fs::create_directory(world.folder / "empty");
  test::OsciProgram no_pack("send", "sender",
                            world.to_send({"--validate=" + (world.folder / "empty"), file}));
  no_pack.rest();
  EXPECT_EQ(no_pack.end(), 1) << no_pack.errors();
  EXPECT_EQ(world.intermediary.kept.size(), 1u);
}

TEST(Validate, WhatArrivesIsMarkedKeptAndAcknowledged) {
  World world;
  const auto good = world.send({world.good});
  const auto bad = world.send({world.broken()}, "content0.xml.validation.json");
  const auto text = world.send({"no XML"});
  test::OsciProgram program(
      "fetch", "recipient",
      {"--url=" + world.front.url(), "--attempts=1", "--validate=" + kXantrag});
  program.rest();
  EXPECT_EQ(program.end(), 0) << program.errors();
  for (const auto& id : {good, bad, text}) EXPECT_TRUE(world.intermediary.find(id)->received) << id;
  const auto in = program.folder / "in/";
  const auto mark = [&](const std::string& id) {
    const auto content = test::content_of(in + id + "/content0.xml.validation.json");
    return boost::json::parse(content).as_object();
  };
  EXPECT_TRUE(mark(good).at("valid").as_bool());
  EXPECT_EQ(mark(good).at("pack").as_string(), "1_0");
  EXPECT_EQ(mark(good).at("pack_sha256").as_string().size(), 64u);
  EXPECT_EQ(mark(good).at("root").as_string(), "wohngeld.antrag.0100");
  EXPECT_FALSE(mark(bad).at("valid").as_bool());
  EXPECT_FALSE(mark(bad).at("findings").as_array().empty());
  EXPECT_EQ(boost::json::serialize(mark(bad)).find("GEHEIM"), std::string::npos);
  EXPECT_EQ(test::content_of(in + bad + "/content0.xml"), world.broken());
  // The sender's own file of that name is another one.
  EXPECT_EQ(test::content_of(in + bad + "/content0.xml_validation.json"), "forged");
  EXPECT_FALSE(fs::exists(in + text + "/content0.bin.validation.json"));
  EXPECT_NE(program.errors().find("content0.xml: INVALID by the pack 1_0"), std::string::npos)
      << program.errors();
  EXPECT_EQ(program.errors().find("GEHEIM"), std::string::npos);
}

} // namespace
