// The program `osci serve` itself, over HTTP on an ephemeral port.
#include "http/client.h"
#include "osci_program.h"
#include "pusher.h"
#include <gtest/gtest.h>

namespace {

using osci::MessageType;
using test::Push;

class Serve : public test::OsciProgram {
 public:
  explicit Serve(std::vector<std::string> more = {}, const std::string& port = "0")
      : OsciProgram("serve", "recipient", with(std::move(more), "--port=" + port)) {}

  // Reads the line that tells readiness.
  void ready() {
    const auto text = line();
    const auto at = text.find("http://");
    ASSERT_NE(at, std::string::npos) << text << errors();
    url = text.substr(at, text.find(',') - at);
  }
  http::Answer post(const std::string& body) {
    http::Client client("");
    auto answer = client.post(url, body, "text/xml", {}, {});
    return answer ? *answer : http::Answer{};
  }

  std::string url;

 private:
  static std::vector<std::string> with(std::vector<std::string> list, const std::string& one) {
    list.push_back(one);
    return list;
  }
};

TEST(Serve, TakesDeliveriesOverHttpAndEndsAfterAsManyAsAskedFor) {
  Serve serve({"--once=2"});
  ASSERT_NO_FATAL_FAILURE(serve.ready());
  test::Pusher pusher;
  Push push;
  EXPECT_EQ(pusher.open(serve.post(pusher.wire(push)).body, push).code(), "0800");
  EXPECT_NE(serve.line().find("push-1"), std::string::npos);
  EXPECT_EQ(test::content_of(serve.folder / "in/push-1/content0.xml"), "<antrag/>");
  // A repeat is none of the two.
  EXPECT_EQ(pusher.open(serve.post(pusher.wire(push)).body, push).code(), "0800");
  EXPECT_NE(serve.line().find("was there already"), std::string::npos);

  push.type = MessageType::process_delivery;
  push.message_id = "push-2";
  push.reply_id = "reply-2";
  const auto answer = pusher.open(serve.post(pusher.wire(push)).body, push);
  EXPECT_EQ(pusher.reply(answer), std::vector<std::string>{"<antrag/>"});
  EXPECT_EQ(serve.end(), 0) << serve.errors();
}

TEST(Serve, EndsCleanlyOnASignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Serve serve;
    ASSERT_NO_FATAL_FAILURE(serve.ready());
    test::Pusher pusher;
    http::Client client("");
    const auto answer = client.post(serve.url, pusher.wire({}), "text/xml", {}, {});
    ASSERT_TRUE(answer);
    serve.stop(signal);
    EXPECT_EQ(serve.end(), 0) << serve.errors();
  }
}

TEST(Serve, AnswersABrokenRequestAndGoesOn) {
  Serve serve({"--once=1"});
  ASSERT_NO_FATAL_FAILURE(serve.ready());
  test::Pusher pusher;
  const auto broken = serve.post("hello");
  EXPECT_EQ(broken.status, 200u); // 3.4: the reference client reads no fault with another status
  EXPECT_EQ(pusher.open(broken.body, {}).code(), "9100");
  Push foreign;
  foreign.signature = "other_sign";
  EXPECT_EQ(pusher.open(serve.post(pusher.wire(foreign)).body, foreign).code(), "9700");
  EXPECT_NE(serve.errors().find("9700"), std::string::npos);
  const auto url = serve.url;
  serve.url = url.substr(0, url.rfind('/')) + "/elsewhere";
  EXPECT_EQ(serve.post(pusher.wire({})).status, 404u);
  serve.url = url;
  EXPECT_EQ(pusher.open(serve.post(pusher.wire({})).body, {}).code(), "0800");
  EXPECT_EQ(serve.end(), 0);
}

TEST(Serve, TellsByItsExitCodeThatSomethingIsUndeliverable) {
  Serve serve({"--once=1"});
  ASSERT_NO_FATAL_FAILURE(serve.ready());
  test::Pusher pusher;
  Push push;
  push.reader = "other_cipher";
  EXPECT_EQ(pusher.open(serve.post(pusher.wire(push)).body, push).code(), "9805");
  EXPECT_EQ(serve.end(), 5);
  EXPECT_NE(serve.errors().find("undeliverable/push-1"), std::string::npos) << serve.errors();
}

TEST(Serve, SendsWhatAProgramWritesWhichDoesNotSeeThePin) {
  test::TemporaryFolder folder;
  const auto program = folder.write("reply", "#!/bin/sh\nprintf '%s' \"$DC_PIN$DC_SEEN\"\n");
  ::chmod(program.c_str(), 0700);
  ::setenv("DC_PIN", "123456", 1);
  ::setenv("DC_SEEN", "seen", 1);
  Serve serve({"--once=1", "--reply-command=" + program, "--signature-pin-env=DC_PIN"});
  ::unsetenv("DC_PIN");
  ::unsetenv("DC_SEEN");
  ASSERT_NO_FATAL_FAILURE(serve.ready());
  test::Pusher pusher;
  Push push;
  push.type = MessageType::process_delivery;
  const auto answer = pusher.open(serve.post(pusher.wire(push)).body, push);
  EXPECT_EQ(pusher.reply(answer), std::vector<std::string>{"seen"});
  EXPECT_EQ(serve.end(), 0) << serve.errors();
}

TEST(Serve, RefusesToStartWhereItCannotListenOrWrite) {
  Serve first;
  ASSERT_NO_FATAL_FAILURE(first.ready());
  const auto port = first.url.substr(first.url.rfind(':') + 1);
  Serve second({}, port.substr(0, port.find('/')));
  EXPECT_EQ(second.end(), 3);
  EXPECT_NE(second.errors().find("cannot listen"), std::string::npos) << second.errors();
  Serve third({"--address=192.0.2.1"}); // not an address of this machine
  EXPECT_EQ(third.end(), 3);
  EXPECT_NE(third.errors().find("cannot listen"), std::string::npos) << third.errors();
  Serve fourth({"--address=localhost"});
  EXPECT_EQ(fourth.end(), 1) << "addresses are numeric";
}

} // namespace
