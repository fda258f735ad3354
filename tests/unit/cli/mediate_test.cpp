// The programs `osci mediate` and `osci send --receiver` against the fake intermediary over HTTP,
// behind which a passive recipient answers.
#include "client/recipient.h"
#include "fake_intermediary.h"
#include "http/server.h"
#include "osci_program.h"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <thread>

namespace {

using osci::MessageType;

class World {
 public:
  World() {
    intermediary.endpoint = [this](const std::string& body) {
      return recipient.answer(body, "", [this](const client::Pushed&) { return verdict; }).body;
    };
    port_ = server_.listen("127.0.0.1", 0).value();
    boost::asio::co_spawn(loop_, server_.run(), boost::asio::detached);
    thread_ = std::jthread([this] { loop_.run(); });
  }
  ~World() { loop_.stop(); }

  std::vector<std::string> arguments(std::vector<std::string> more) const {
    more.push_back("--url=http://127.0.0.1:" + std::to_string(port_) + "/osci");
    more.push_back("--receiver=http://recipient.example/osci");
    more.push_back("--to-cert=" + support::captures_folder() + "/keys/recipient_cipher.cer");
    more.push_back(support::captures_folder() + "/payload/antrag.xml");
    return more;
  }

  // Touched by the server's thread while a program runs, by the test before and afterwards.
  test::FakeIntermediary intermediary;
  base::SystemRandom random;
  client::Recipient recipient{test::identity("recipient"), test::pinned(), {}, random};
  client::Verdict verdict;

 private:
  boost::asio::awaitable<http::Response> handle(std::shared_ptr<const http::Request> request) {
    http::Response out;
    auto reply = intermediary.post(request->body);
    out.status = reply ? 200 : 500;
    if (reply) out.body = std::move(reply->body);
    co_return out;
  }

  boost::asio::io_context loop_;
  http::Server server_{loop_.get_executor(), {}, [this](std::shared_ptr<const http::Request> one) {
                         return handle(std::move(one));
                       }};
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

TEST(MediateProgram, WritesTheReplyAndShowsBothProcessCards) {
  World world;
  world.verdict.reply = client::ReplyContent{{"<antwort/>"}, {}, {}};
  test::OsciProgram program("mediate", "sender", world.arguments({}));
  const auto text = program.rest();
  EXPECT_EQ(program.end(), 0) << program.errors();
  EXPECT_NE(text.find("request     id-1"), std::string::npos) << text;
  EXPECT_NE(text.find("reply       reply-to-id-1"), std::string::npos) << text;
  EXPECT_EQ(test::content_of(program.folder / "in/reply-to-id-1/content0.xml"), "<antwort/>");
  EXPECT_EQ(world.intermediary.requests.back(), MessageType::exit_dialog);
}

TEST(MediateProgram, NeedsNoProtocol) {
  World world;
  world.verdict.reply = client::ReplyContent{{"<antwort/>"}, {}, {}};
  test::OsciProgram program("mediate", "sender", world.arguments({"--without-protocol"}));
  const auto text = program.rest();
  EXPECT_EQ(program.end(), 0) << program.errors();
  EXPECT_NE(text.find("without id  "), std::string::npos) << text;
  EXPECT_NE(text.find("/unnumbered-"), std::string::npos) << text;
  EXPECT_EQ(std::count(world.intermediary.requests.begin(), world.intermediary.requests.end(),
                       MessageType::get_message_id),
            0);
}

TEST(MediateProgram, DoesNotAcknowledgeAReplyThatItCannotOpen) {
  World world;
  world.verdict.reply = client::ReplyContent{{"<antwort/>"}, {}, {}};
  world.verdict.reply->data = {std::string(4096, 'x')};
  // Another letter in the middle of the ciphertext; the transport signature is right.
  world.intermediary.change = [](osci::Answer& answer) {
    if (answer.to != MessageType::mediate_delivery) return;
    auto& body = answer.content.value().body;
    const auto at = body.rfind("CipherValue>") - 3000;
    body[at] = body[at] == 'A' ? 'B' : 'A';
  };
  test::OsciProgram program("mediate", "sender", world.arguments({}));
  program.rest();
  EXPECT_EQ(program.end(), 5) << program.errors();
  EXPECT_NE(test::content_of(program.folder / "in/undeliverable/reply-to-id-1/report.json")
                .find("undecryptable"),
            std::string::npos);
  EXPECT_EQ(world.intermediary.requests.back(), MessageType::mediate_delivery);
}

TEST(MediateProgram, TellsARefusalWithWhatToDo) {
  World world;
  world.verdict.code = "9811";
  test::OsciProgram program("mediate", "sender", world.arguments({}));
  const auto text = program.rest();
  EXPECT_EQ(program.end(), 4);
  EXPECT_NE(program.errors().find("9805"), std::string::npos) << program.errors();
  EXPECT_NE(text.find("request     id-1"), std::string::npos) << "how far it came";
}

TEST(SendProgram, PushesToAReceiver) {
  World world;
  test::OsciProgram program("send", "sender", world.arguments({}));
  const auto text = program.rest();
  EXPECT_EQ(program.end(), 0) << program.errors();
  EXPECT_NE(text.find("received    2026"), std::string::npos) << text;
  EXPECT_EQ(world.intermediary.requests.back(), MessageType::forward_delivery);
}

} // namespace
