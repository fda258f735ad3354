// The directory from a server: a day passes in milliseconds.
#include "base/log.h"
#include "directory/routing.h"
#include "lookup/directory_page.h"
#include "lookup/remote_directory.h"
#include "lookup/snapshot.h"
#include "unit/http/running_server.h"
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <map>

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string kFirst = "https://one.test/directory", kSecond = "https://two.test/directory";
const std::string kService = "urn:example:service";

std::shared_ptr<const directory::Directory> directory_of(const std::string& name) {
  directory::Organisation office{"wgb:059130000000", name, "wgb:059130000000", {}, {}};
  office.mailbox.clear(); // it has no certificate
  office.services = {{kService, "S", {}, {}}};
  const directory::Organisation portal{"efa:010000000001", "Portal", "", {}, {}};
  return directory::Directory::make({office, portal}, {{kService, "S", {"wgb"}, {"efa"}}}).value();
}
std::string snapshot(const std::string& name) {
  return lookup::to_snapshot(*directory_of(name));
}

struct Lines {
  Lines() {
    base::set_log_sink([this](const base::LogRecord& record) {
      all += std::string(record.level == base::LogLevel::critical ? "CRITICAL " : "") +
             base::render(record) + "\n";
    });
  }
  ~Lines() {
    base::set_log_sink([](const base::LogRecord&) {});
  }
  std::size_t count(const std::string& text) const {
    std::size_t found = 0;
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
    return found;
  }
  std::string all;
};

struct RemoteDirectory : testing::Test {
  RemoteDirectory() {
    std::string pattern = (fs::temp_directory_path() / "remote-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder = pattern;
    rules.urls = {kFirst, kSecond};
    rules.cache = folder / "directory.ndjson";
    rules.max_age = hours{6};
  }
  ~RemoteDirectory() override { fs::remove_all(folder); }

  struct Server {
    bool away = false;
    unsigned status = 200;
    std::string body, etag;
    std::size_t asked = 0, sent = 0;
  };
  lookup::DirectoryTransport transport() {
    return [this](const std::string& url,
                  const std::string& etag) -> base::Result<lookup::DirectoryAnswer> {
      auto& server = servers[url];
      ++server.asked;
      if (server.away) return base::fail(ErrorCode::network, "connect: refused");
      if (server.status != 200) return lookup::DirectoryAnswer{server.status, "", ""};
      if (!etag.empty() && etag == server.etag) return lookup::DirectoryAnswer{304, etag, ""};
      ++server.sent;
      return lookup::DirectoryAnswer{200, server.etag, server.body};
    };
  }
  std::unique_ptr<lookup::RemoteDirectory> make() {
    return std::make_unique<lookup::RemoteDirectory>(rules, transport(), clock);
  }
  void serve(const std::string& url, const std::string& name) {
    servers[url] = {false, 200, snapshot(name), "\"" + name + "\"", 0, 0};
  }
  static std::string name_in(const lookup::RemoteDirectory& remote) {
    return remote.current()->find("wgb:059130000000")->name;
  }
  bool pass(lookup::RemoteDirectory& remote, base::Milliseconds time) {
    bool changed = false;
    for (base::Milliseconds passed{0}; passed < time; passed += seconds{10}) {
      clock.advance(seconds{10});
      changed = remote.step() || changed;
    }
    return changed;
  }

  fs::path folder;
  lookup::RemoteRules rules;
  base::ManualClock clock{base::parse_datetime("2026-11-30T12:00:00Z").value()};
  std::map<std::string, Server> servers;
  Lines log;
};

TEST_F(RemoteDirectory, AsksWhenItIsTimeAndTransfersOnlyWhatIsNew) {
  serve(kFirst, "A");
  auto remote = make();
  ASSERT_TRUE(remote->open());
  EXPECT_EQ(name_in(*remote), "A");
  EXPECT_FALSE(pass(*remote, minutes{60}));
  EXPECT_EQ(servers[kFirst].asked, 13u);
  EXPECT_EQ(servers[kFirst].sent, 1u) << "the others are 304";
  EXPECT_EQ(servers[kSecond].asked, 0u);
  serve(kFirst, "B");
  EXPECT_TRUE(pass(*remote, minutes{5}));
  EXPECT_EQ(name_in(*remote), "B");
}

// Must-show: the server is away for a day.
TEST_F(RemoteDirectory, ADayWithoutServersIsADayWithTheLastDirectory) {
  serve(kFirst, "A");
  auto remote = make();
  ASSERT_TRUE(remote->open());
  const auto routes = [&] {
    const auto directory = remote->current();
    directory::RoutingQuestion question;
    question.sender = directory->find("efa:010000000001");
    question.addressee = directory->find("wgb:059130000000");
    question.service = kService;
    question.now = clock.now();
    return directory::judge_routing(*directory, question).empty();
  };
  servers[kFirst].away = servers[kSecond].away = true;
  for (int hour = 1; hour <= 24; ++hour) {
    pass(*remote, hours{1});
    EXPECT_TRUE(routes()) << hour;
    // The last answer was at noon.
    EXPECT_EQ(remote->in_time().has_value(), hour <= 6) << hour;
    EXPECT_EQ(log.count("CRITICAL"), hour <= 6 ? 0u : 1u) << log.all;
  }
  EXPECT_THAT(log.all, HasSubstr("directory.stale"));
  EXPECT_EQ(log.count("directory.refresh_failed"), 1u) << "told once, not each time";
  EXPECT_THAT(remote->in_time().error().detail, HasSubstr("1440 minutes"));
  EXPECT_EQ(remote->age(), hours{24});

  serve(kFirst, "A");
  pass(*remote, minutes{1}); // retry, not refresh
  EXPECT_TRUE(remote->in_time());
  EXPECT_EQ(log.count("directory.fresh"), 1u);
  EXPECT_EQ(log.count("directory.refresh_recovered"), 1u);
  EXPECT_LE(remote->age(), minutes{1});
}

TEST_F(RemoteDirectory, AStartWithoutServersTakesTheCacheAndItsAge) {
  serve(kFirst, "A");
  ASSERT_TRUE(make()->open());
  servers[kFirst].away = servers[kSecond].away = true;
  clock.advance(hours{8});
  auto remote = make();
  ASSERT_TRUE(remote->open());
  EXPECT_EQ(name_in(*remote), "A");
  EXPECT_EQ(remote->age(), hours{8});
  EXPECT_THAT(log.all, HasSubstr("age_minutes=480"));
  EXPECT_EQ(log.count("CRITICAL"), 1u) << log.all;
  remote->step();
  EXPECT_EQ(log.count("CRITICAL"), 1u);
  // The ETag was kept too.
  servers[kFirst].away = false;
  pass(*remote, minutes{1});
  EXPECT_EQ(servers[kFirst].sent, 1u);
  EXPECT_TRUE(remote->in_time());
}

TEST_F(RemoteDirectory, WithoutCacheAndServersThereIsNoStart) {
  servers[kFirst].away = true;
  servers[kSecond].status = 401;
  auto remote = make();
  const auto opened = remote->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(remote->current(), nullptr);
  EXPECT_THAT(opened.error().detail, HasSubstr("server 1: connect: refused"));
  EXPECT_THAT(opened.error().detail, HasSubstr("server 2: HTTP status 401"));
  EXPECT_FALSE(remote->step());
  serve(kFirst, "A");
  EXPECT_TRUE(pass(*remote, minutes{1})) << "but it goes on asking";
  EXPECT_EQ(name_in(*remote), "A");
}

TEST_F(RemoteDirectory, TheSecondServerAnswersForTheFirst) {
  serve(kFirst, "A");
  serve(kSecond, "A");
  auto remote = make();
  ASSERT_TRUE(remote->open());
  servers[kFirst].away = true;
  EXPECT_FALSE(pass(*remote, minutes{5})) << "the same content is no change";
  EXPECT_EQ(servers[kSecond].sent, 1u) << "what the first called it means nothing to the second";
  servers[kFirst].away = false;
  pass(*remote, minutes{20});
  EXPECT_EQ(servers[kSecond].asked, 5u) << "stays with the one that answers";
}

// Must-show: what is corrupt or cut leaves the one before in force, in memory and on disk.
TEST_F(RemoteDirectory, ABadAnswerChangesNothing) {
  serve(kFirst, "A");
  rules.urls = {kFirst};
  auto remote = make();
  ASSERT_TRUE(remote->open());
  const auto good = snapshot("B");
  auto changed = good;
  changed[changed.find("\"B\"") + 1] = 'C';
  const auto none = lookup::to_snapshot(*directory::Directory::make({}).value());
  for (const auto& [body, said] :
       {std::pair{good.substr(0, good.size() / 2), "cut off"},
        std::pair{good.substr(0, good.size() - 1), "cut off"}, std::pair{changed, "SHA-256"},
        std::pair{std::string("<html>login</html>\n"), "not valid JSON"},
        std::pair{none, "no organisation"}, std::pair{std::string(), "cut off"}}) {
    servers[kFirst].body = body;
    servers[kFirst].etag = "\"new\"";
    EXPECT_FALSE(pass(*remote, minutes{6})) << said;
    EXPECT_EQ(name_in(*remote), "A");
    EXPECT_THAT(log.all, HasSubstr(said));
    EXPECT_EQ(lookup::load_snapshot(rules.cache).value()->find("wgb:059130000000")->name, "A");
  }
  servers[kFirst].body = good;
  EXPECT_TRUE(pass(*remote, minutes{6}));
  EXPECT_EQ(name_in(*remote), "B");
}

// However a crash cuts the two files of the cache, or whatever happens to them.
TEST_F(RemoteDirectory, ADamagedCacheIsRecognised) {
  serve(kFirst, "A");
  ASSERT_TRUE(make()->open());
  std::string text;
  {
    std::ifstream in(rules.cache, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto write = [](const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  };
  auto state = rules.cache;
  state += ".state";
  // New content, old state: loaded, but the ETag is not believed.
  write(rules.cache, snapshot("B"));
  servers[kFirst].sent = 0;
  {
    auto remote = make();
    ASSERT_TRUE(remote->open());
    EXPECT_EQ(name_in(*remote), "B");
    remote->step();
    EXPECT_EQ(servers[kFirst].sent, 1u);
    EXPECT_EQ(name_in(*remote), "A");
  }
  // A broken state makes the age endless, not the start impossible.
  for (const auto* broken :
       {"", "{", "[]", "{\"confirmed\":7}", "{\"confirmed\":\"2199-01-01T00:00:00Z\"}"}) {
    write(state, broken);
    EXPECT_TRUE(make()->open()) << broken;
  }
  // Broken content is no cache.
  write(rules.cache, text.substr(0, text.size() / 3));
  auto remote = make();
  ASSERT_TRUE(remote->open());
  EXPECT_THAT(log.all, HasSubstr("directory.cache_unusable"));
  EXPECT_EQ(name_in(*remote), "A");
  servers[kFirst].away = servers[kSecond].away = true;
  write(rules.cache, text.substr(0, text.size() / 3));
  EXPECT_FALSE(make()->open());
  EXPECT_FALSE(fs::exists(folder / "directory.ndjson.new"));
}

http::Request request(const std::string& authorization = "", const std::string& etag = "") {
  http::Request out;
  out.method = "GET";
  out.authorization = authorization;
  out.if_none_match = etag;
  return out;
}

TEST(DirectoryPage, AnswersWithASnapshotToWhoeverShowsTheToken) {
  const lookup::DirectoryPage open(*directory_of("A"), ""), guarded(*directory_of("A"), "secret");
  const auto answer = open.answer(request());
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, snapshot("A"));
  ASSERT_FALSE(answer.etag.empty());
  EXPECT_EQ(open.answer(request("", "\"x\", W/" + answer.etag)).status, 304u);
  EXPECT_EQ(open.answer(request("", "\"x\"")).status, 200u);
  for (const auto* wrong : {"", "secret", "Bearer secre", "Bearer secret2", "Basic secret"})
    EXPECT_EQ(guarded.answer(request(wrong)).status, 401u) << wrong;
  EXPECT_EQ(guarded.answer(request("", answer.etag)).status, 401u);
  EXPECT_EQ(guarded.answer(request("Bearer secret")).status, 200u);
  auto post = request();
  post.method = "POST";
  EXPECT_EQ(open.answer(post).status, 405u);
  EXPECT_NE(lookup::DirectoryPage(*directory_of("B"), "").answer(request()).etag, answer.etag);
}

// Both ends over a real connection.
TEST_F(RemoteDirectory, IsFetchedOverHttp) {
  std::ofstream(folder / "token") << "secret\n";
  auto page = std::make_shared<const lookup::DirectoryPage>(*directory_of("A"), "secret");
  std::atomic<int> unchanged{0};
  test::RunningServer server(
      http::ServerLimits{},
      [&](std::shared_ptr<const http::Request> asked) -> http::asio::awaitable<http::Response> {
        auto answer = page->answer(*asked);
        if (answer.status == 304) ++unchanged;
        co_return answer;
      });
  rules.urls = {"http://127.0.0.1:" + std::to_string(server.port()) + "/directory"};
  lookup::RemoteAccess access;
  access.token_file = folder / "token";
  lookup::RemoteDirectory remote(rules, lookup::http_directory_transport(access), clock);
  const auto opened = remote.open();
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(name_in(remote), "A");
  EXPECT_FALSE(pass(remote, minutes{5}));
  EXPECT_EQ(unchanged, 1);
  EXPECT_LE(remote.age(), seconds{0});

  std::ofstream(folder / "token") << "wrong\n";
  pass(remote, minutes{5});
  EXPECT_THAT(log.all, HasSubstr("HTTP status 401"));
  std::ofstream(folder / "token") << "two\nlines\n";
  pass(remote, minutes{5});
  EXPECT_THAT(log.all, HasSubstr("holds no bearer token"));
  EXPECT_EQ(name_in(remote), "A");
}

} // namespace
