// The program `osci serve` itself, over HTTP on an ephemeral port.
#include "fake_intermediary.h"
#include "http/client.h"
#include "pusher.h"
#include "temporary_folder.h"
#include <array>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

using osci::MessageType;
using test::Push;

class Serve {
 public:
  explicit Serve(std::vector<std::string> more = {}, const std::string& port = "0") {
    const std::string keys = support::captures_folder() + "/keys/";
    folder.write("pin", "123456\n");
    ::chmod((folder / "pin").c_str(), 0600);
    std::vector<std::string> arguments{OSCI_PROGRAM,
                                       "serve",
                                       "--port=" + port,
                                       "--out=" + (folder / "in"),
                                       "--cipher-key=" + keys + "recipient_cipher.p12",
                                       "--signature-key=" + keys + "recipient_sign.p12",
                                       "--pin-file=" + (folder / "pin"),
                                       "--intermediary-cipher-cert=" + keys + "intermed_cipher.cer",
                                       "--intermediary-signature-cert=" + keys +
                                           "intermed_sign.cer"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> pointers;
    for (auto& one : arguments) pointers.push_back(one.data());
    pointers.push_back(nullptr);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder / "stderr").c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int failed =
        ::posix_spawn(&id_, OSCI_PROGRAM, &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) throw std::runtime_error("osci cannot be started");
  }
  ~Serve() {
    if (id_ > 0) {
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
    }
    ::close(output_);
  }

  // The next line on stdout; empty: none within 20 seconds, or the end.
  std::string line() {
    for (;;) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        const auto out = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return out;
      }
      pollfd watched{output_, POLLIN, 0};
      std::array<char, 4096> block;
      if (::poll(&watched, 1, 20'000) <= 0) return {};
      const auto got = ::read(output_, block.data(), block.size());
      if (got <= 0) return {};
      buffer_.append(block.data(), static_cast<std::size_t>(got));
    }
  }
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
  void stop(int signal) { ::kill(id_, signal); }
  // The exit code; -1: another end.
  int end() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string errors() const { return test::content_of(folder / "stderr"); }

  test::TemporaryFolder folder;
  std::string url;

 private:
  pid_t id_ = -1;
  int output_ = -1;
  std::string buffer_;
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
