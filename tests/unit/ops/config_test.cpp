#include "ops/config.h"
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using ops::Config;

const std::string kLeast = R"([intermediary]
cipher_key = "cipher.p12"
signature_key = "/keys/signature.p12"
[trust]
anchors = ["anchor.pem"]
[directory]
file = "directory.toml"
)";

base::Result<Config> parse(const std::string& text) {
  return ops::parse_config(text, "/etc/test/test.toml");
}

std::string error_of(const std::string& text) {
  const auto config = parse(text);
  if (config) return "no error";
  EXPECT_EQ(config.error().code, ErrorCode::invalid_config);
  return config.error().detail;
}

const std::string kExample = std::string(DC_SOURCE_DIR) + "/config/dataclearing.toml";

std::string example() {
  std::ifstream in(kExample);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Line {
  std::string key; // "section.key"
  bool commented = false;
  bool is_example = false; // not the default
  std::size_t number = 0;
};

// Keys of the example file, commented or not.
std::vector<Line> documented() {
  std::vector<Line> out;
  std::istringstream in(example());
  std::string line, section;
  bool is_example = false;
  for (std::size_t number = 0; std::getline(in, line); ++number) {
    const bool commented = line.rfind("#", 0) == 0;
    const auto name = line.substr(commented ? 1 : 0, line.find(" = ") - (commented ? 1 : 0));
    const bool is_key = line.find(" = ") != std::string::npos && !name.empty() &&
                        name.find(' ') == std::string::npos;
    if (line.rfind("[", 0) == 0)
      section = line.substr(1, line.find(']') - 1);
    else if (is_key)
      out.push_back(Line{section + "." + name, commented, is_example, number});
    else
      is_example = line.find("(examples)") != std::string::npos;
  }
  return out;
}

TEST(Config, ExampleFileIsLoaded) {
  const auto config = ops::load_config(kExample);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->intermediary.cipher_key,
            std::string(DC_SOURCE_DIR) + "/config/keys/cipher.p12");
  EXPECT_EQ(config->listen.port, 18080);
}

TEST(Config, ExampleFileDocumentsExactlyTheKnownKeys) {
  std::vector<std::string> in_file;
  for (const auto& line : documented()) in_file.push_back(line.key);
  auto known = ops::known_keys();
  std::sort(in_file.begin(), in_file.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(in_file, known);
}

TEST(Config, CommentedKeysOfTheExampleShowTheDefaults) {
  const auto as_delivered = ops::load_config(kExample).value();
  std::size_t compared = 0;
  for (const auto& line : documented()) {
    if (!line.commented) continue;
    std::istringstream in(example());
    std::string text, one;
    for (std::size_t number = 0; std::getline(in, one); ++number)
      text += (number == line.number ? one.substr(1) : one) + "\n";
    const auto config = ops::parse_config(text, kExample);
    ASSERT_TRUE(config) << line.key << ": " << config.error().detail;
    if (line.is_example) {
      EXPECT_FALSE(*config == as_delivered) << line.key;
      continue;
    }
    EXPECT_TRUE(*config == as_delivered) << line.key;
    ++compared;
  }
  EXPECT_GT(compared, 40u);
}

TEST(Config, DefaultsFillWhatIsNotSaid) {
  const auto config = parse(kLeast);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->listen.address, "127.0.0.1");
  EXPECT_EQ(config->listen.path, "/osci");
  EXPECT_EQ(config->limits.message, 64u << 20);
  EXPECT_EQ(config->dialogs.idle_timeout, 15min);
  EXPECT_EQ(config->message_ids.validity, std::chrono::days{30});
  EXPECT_TRUE(config->policy.require_encryption);
  EXPECT_FALSE(config->intermediary.cipher_certificate);
}

TEST(Config, AdmissionIsReadAndHarmsNobodyByDefault) {
  const auto quiet = parse(kLeast).value();
  EXPECT_EQ(quiet.admission.address_rate, 0u); // all clients of a proxy have its address
  EXPECT_EQ(quiet.admission.address_connections, 0u);
  EXPECT_EQ(quiet.admission.max_wait, 10s);
  EXPECT_EQ(quiet.admission.sender_rate, 1000u);
  const auto config =
      parse(kLeast + "[limits]\ncpu_threads = 4\ncpu_waiting = 7\n"
                     "[admission]\nlarge_body = \"2 MiB\"\nlarge_threads = 2\n"
                     "large_waiting = 3\nmax_wait = \"4s\"\noverload_wait = \"1s\"\n"
                     "retry_after = \"1500ms\"\nsender_octets_day = 0\naddress_rate = 20\n")
          .value();
  const auto pool = ops::cpu_pool_limits(config);
  EXPECT_EQ(pool.threads, 4u);
  EXPECT_EQ(pool.large_threads, 2u);
  EXPECT_EQ(pool.waiting, 7u);
  EXPECT_EQ(pool.large_waiting, 3u);
  EXPECT_EQ(pool.max_wait, 4s);
  EXPECT_EQ(pool.overload_wait, 1s);
  const auto server = ops::server_limits(config);
  EXPECT_EQ(server.large_body, 2u << 20);
  EXPECT_EQ(server.retry_after_seconds, 2u);
  EXPECT_EQ(server.address.requests_per_second, 20u);
  EXPECT_EQ(config.admission.sender_octets_day, 0u);
}

TEST(Config, TheLargeLaneNeverHasEveryThread) {
  for (std::size_t threads = 1; threads <= 8; ++threads)
    for (std::size_t large = 0; large <= threads; ++large) {
      Config config;
      config.limits.cpu_threads = threads;
      config.admission.large_threads = large;
      const auto pool = ops::cpu_pool_limits(config);
      EXPECT_GE(pool.large_threads, 1u);
      EXPECT_LT(pool.large_threads, pool.threads);
      EXPECT_GE(pool.threads, threads);
    }
}

TEST(Config, AdmissionThatContradictsItselfIsRefused) {
  EXPECT_NE(error_of(kLeast + "[admission]\nmax_wait = \"1s\"\noverload_wait = \"2s\"\n")
                .find("[admission] overload_wait is longer than max_wait"),
            std::string::npos);
  EXPECT_NE(error_of(kLeast + "[admission]\nsender_octets_hour = \"1 MiB\"\n")
                .find("smaller than [limits] message"),
            std::string::npos);
  EXPECT_NE(error_of(kLeast + "[admission]\nsender_octets_day = \"1 GiB\"\n")
                .find("sender_octets_day is smaller than sender_octets_hour"),
            std::string::npos);
  EXPECT_NE(error_of(kLeast + "[limits]\ncpu_threads = 2\n[admission]\nlarge_threads = 3\n")
                .find("large_threads is larger than [limits] cpu_threads"),
            std::string::npos);
  EXPECT_NE(error_of(kLeast + "[admission]\nsender_rates = 3\n").find("sender_rate"),
            std::string::npos);
}

TEST(Config, RetentionIsByDefaultWhatTheLadderSays) {
  using std::chrono::days;
  const auto keep = parse(kLeast).value().retention;
  EXPECT_EQ(keep.rules.mode, mailbox::RetentionMode::enforce);
  EXPECT_EQ(keep.rules.general.fetched, days{7});
  EXPECT_EQ(keep.rules.general.unfetched, days{90});
  EXPECT_EQ(keep.rules.general.notices,
            (std::vector<base::Milliseconds>{days{3}, days{9}, days{14}}));
  EXPECT_EQ(keep.rules.general.notices_every, days{7});
  EXPECT_EQ(keep.rules.cards, days{730});
  EXPECT_EQ(keep.interval, 1h);
}

TEST(Config, RetentionRulesAreReadByMailboxAndService) {
  const auto rules =
      parse(kLeast + "[[retention.rules]]\nmailbox = \"wgb:1\"\nunfetched = \"180d\"\n"
                     "[[retention.rules]]\nservice = \"urn:s\"\nfetched = \"14d\"\n")
          .value()
          .retention.rules;
  ASSERT_EQ(rules.overrides.size(), 2u);
  EXPECT_EQ(rules.rule_for("wgb:1", "urn:s").unfetched, std::chrono::days{180});
  EXPECT_EQ(rules.rule_for("wgb:1", "urn:s").fetched, std::chrono::days{14});
  EXPECT_EQ(rules.rule_for("wgb:2", "").unfetched, std::chrono::days{90});
}

TEST(Config, WrongRetentionIsSaidWithItsPlace) {
  const auto expect = [](const std::string& text, const std::string& part) {
    EXPECT_NE(error_of(kLeast + "[retention]\n" + text).find(part), std::string::npos)
        << error_of(kLeast + "[retention]\n" + text);
  };
  expect("mode = \"delete\"", "test.toml:9: [retention] mode: expected one of");
  expect("fetched = \"0s\"", "a duration from");
  expect("notices = [\"9d\", \"3d\"]", "a list of ascending durations");
  expect("notices = \"3d\"", "a list of ascending durations");
  expect("rules = [{ mailbox = \"a\" }]", "in rule 1 fetched or unfetched");
  expect("rules = [{ fetched = \"1d\" }]", "in rule 1 mailbox or service");
  expect("rules = [{ mailbox = \"a\", fetched = 7 }]", "in rule 1 fetched: a duration");
  expect("rules = [{ mailbox = \"a\", held = true }]", "no key but");
  expect("rules = [{ mailbox = \"a\", fetched = \"1d\" }, { mailbox = \"a\", fetched = \"2d\" }]",
         "in rule 2 a mailbox and service that no rule before it has");
}

TEST(Config, RelativePathsStartAtTheFolderOfTheFile) {
  const auto config = parse(kLeast + "[state]\ndirectory = \"../state\"\n").value();
  EXPECT_EQ(config.intermediary.cipher_key, "/etc/test/cipher.p12");
  EXPECT_EQ(config.intermediary.signature_key, "/keys/signature.p12");
  EXPECT_EQ(config.trust.anchors.at(0), "/etc/test/anchor.pem");
  EXPECT_EQ(config.state.directory, "/etc/state");
}

TEST(Config, SizesAndDurationsAreReadWithTheirUnits) {
  const auto config = parse(kLeast + R"([limits]
message = 1048576
xml = "512 KiB"
bytes_in_flight = "2GiB"
[deadlines]
header = "1500ms"
idle = "90s"
body = "1h"
[dialogs]
idle_timeout = "2min"
[message_ids]
validity = "7d"
[state]
reserve = "134217728 B"
journal = "100d"
)");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->limits.message, 1u << 20);
  EXPECT_EQ(config->limits.xml, 512u << 10);
  EXPECT_EQ(config->limits.bytes_in_flight, 2ull << 30);
  EXPECT_EQ(config->deadlines.header, 1500ms);
  EXPECT_EQ(config->deadlines.idle, 90s);
  EXPECT_EQ(config->deadlines.body, 1h);
  EXPECT_EQ(config->dialogs.idle_timeout, 2min);
  EXPECT_EQ(config->message_ids.validity, std::chrono::days{7});
  EXPECT_EQ(config->state.reserve, 128u << 20);
  EXPECT_EQ(config->state.journal, std::chrono::days{100});
}

TEST(Config, ChoicesAreRead) {
  const auto config = parse(R"([trust]
unknown_issuer = "warn"
[log]
level = "debug"
target = "stderr"
format = "json"
[policy]
default_language = "en"
refusal_step = "1s"
metadata = "check"
[routing]
sender = "enforce"
reader = "off"
agreements = "enforce"
[agreements]
file = "agreements.toml"
[intermediary]
cipher_key = "c"
signature_key = "s"
pin_env = "PIN"
[directory]
file = "d"
[listen]
admin_address = ""
)");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->trust.unknown_issuer, ops::UnknownIssuer::warn);
  EXPECT_EQ(config->log.level, base::LogLevel::debug);
  EXPECT_EQ(config->log.target, ops::LogTarget::standard_error);
  EXPECT_EQ(config->log.format, ops::LogFormat::json);
  EXPECT_EQ(config->policy.default_language, "en");
  EXPECT_EQ(config->policy.refusal_step, 1s);
  EXPECT_EQ(config->policy.metadata, ops::MetaDataCheck::check);
  EXPECT_EQ(config->routing.sender, ops::RoutingMode::enforce);
  EXPECT_EQ(config->routing.reader, ops::RoutingMode::off);
  EXPECT_EQ(config->routing.test, ops::RoutingMode::observe);
  EXPECT_EQ(config->routing.agreements, ops::RoutingMode::enforce);
  EXPECT_EQ(config->agreements.file.filename(), "agreements.toml");
  EXPECT_TRUE(config->policy.legacy.empty());
  EXPECT_EQ(config->intermediary.pin_env, "PIN");
  EXPECT_TRUE(config->listen.admin_address.empty());
}

TEST(Config, MistakesAreNamedWithFileLineKeyAndWhatIsExpected) {
  struct Case {
    std::string text; // after kLeast, so it begins in line 8
    std::string expected;
  };
  const Case cases[] = {
      {"[listen]\nprot = 1\n", ":9: unknown key \"prot\" in [listen]; did you mean \"port\"?"},
      {"[limits]\nmesage = 1\n",
       ":9: unknown key \"mesage\" in [limits]; did you mean \"message\"?"},
      {"[limits]\nzzzzzzzz = 1\n", ":9: unknown key \"zzzzzzzz\" in [limits]"},
      {"[limits]\nidle_timeout = 1\n",
       ":9: unknown key \"idle_timeout\" in [limits]; it belongs to [dialogs]"},
      {"[log]\n\n\nlevle = 1\n", ":11: unknown key \"levle\" in [log]; did you mean \"level\"?"},
      {"[lisen]\nport = 1\n", ":8: unknown section [lisen]; did you mean \"listen\"?"},
      {"[listen]\nport = \"18080\"\n",
       ":9: [listen] port: expected a whole number from 0 to 65535"},
      {"[listen]\nport = 70000\n", ":9: [listen] port: expected a whole number from 0 to 65535"},
      {"[listen]\nport = -1\n", ":9: [listen] port: expected a whole number from 0 to 65535"},
      {"[listen]\nport = 1.5\n", ":9: [listen] port: expected a whole number"},
      {"[listen]\naddress = \"localhost\"\n", ":9: [listen] address: expected an IP address"},
      {"[listen]\naddress = \"\"\n", ":9: [listen] address: expected an IP address"},
      {"[listen]\npath = \"osci\"\n", ":9: [listen] path: expected a path that begins with /"},
      {"[policy]\nrequire_signature = 1\n",
       ":9: [policy] require_signature: expected true or false"},
      {"[policy]\nrequire_signature = \"true\"\n",
       ":9: [policy] require_signature: expected true or false"},
      {"[policy]\nrefusal_step = \"0ms\"\n", ":9: [policy] refusal_step: expected a duration from"},
      {"[policy]\nlegacy = true\n", ":9: [policy] legacy: expected tables [[policy.legacy]]"},
      {"[policy]\nlegacy = [1]\n", ":9: [policy] legacy: expected tables [[policy.legacy]]"},
      {"[[policy.legacy]]\nalgorithms = [\"cbc\", \"rot13\"]\n",
       "[policy] legacy: expected in exception 1 algorithms: a list of \"cbc\" \"3des\" \"rsa15\""},
      {"[[policy.legacy]]\nalgorithms = []\n", "expected in exception 1 algorithms: a list of"},
      {"[[policy.legacy]]\nuntil = 2027-03-01\nreason = \"r\"\n",
       "expected in exception 1 algorithms, a list of"},
      {"[[policy.legacy]]\nalgorithms = [\"cbc\"]\nreason = \"r\"\n",
       "expected in exception 1 until, a date: no exception is for ever"},
      {"[[policy.legacy]]\nalgorithms = [\"cbc\"]\nuntil = \"2027-03-01\"\nreason = \"r\"\n",
       "expected in exception 1 until: a date without quotes"},
      {"[[policy.legacy]]\nalgorithms = [\"cbc\"]\nuntil = 2027-03-01\n",
       "expected in exception 1 reason"},
      {"[[policy.legacy]]\nalgorithms = [\"cbc\"]\nuntil = 2027-03-01\nreason = \"r\"\n"
       "[[policy.legacy]]\nalgorithms = [\"cbc\"]\nuntil = 2027-03-01\nreason = \"r\"\nfor = []\n",
       "expected in exception 2 for: a list of organisation keys"},
      {"[[policy.legacy]]\nalgorithm = [\"cbc\"]\n",
       "expected in exception 1 no key but algorithms, until, for and reason"},
      {"[policy]\ndefault_language = \"fr\"\n",
       ":9: [policy] default_language: expected one of \"de\" \"en\""},
      {"[limits]\nmessage = \"64 MB\"\n",
       ":9: [limits] message: expected a size from \"64 KiB\" to \"2 GiB\""},
      {"[limits]\nmessage = \"MiB\"\n", ":9: [limits] message: expected a size"},
      {"[limits]\nmessage = -5\n", ":9: [limits] message: expected a size"},
      {"[limits]\nmessage = \"9999999999999999999999 GiB\"\n",
       ":9: [limits] message: expected a size"},
      {"[limits]\nmessage = \"1 KiB\"\n", ":9: [limits] message: expected a size"},
      {"[limits]\ndb_threads = 0\n",
       ":9: [limits] db_threads: expected a whole number from 2 to 1024"},
      {"[dialogs]\nidle_timeout = 900\n",
       ":9: [dialogs] idle_timeout: expected a duration from \"10s\" to \"1d\""},
      {"[dialogs]\nidle_timeout = \"2 weeks\"\n",
       ":9: [dialogs] idle_timeout: expected a duration"},
      {"[dialogs]\nidle_timeout = \"1s\"\n", ":9: [dialogs] idle_timeout: expected a duration"},
      {"[log]\nlevel = \"loud\"\n",
       ":9: [log] level: expected one of \"debug\" \"info\" \"warning\" \"error\" \"critical\""},
      {"[log]\nlevel = 3\n", ":9: [log] level: expected one of"},
      {"[state]\ndirectory = 3\n", ":9: [state] directory: expected a file name"},
      {"[listen\nport = 1\n", ":8: "},
      {"[listen]\nport = 1\nport = 2\n", ":10: "},
      // Things that no single line shows.
      {"[listen]\naddress = \"0.0.0.0\"\n", "clear HTTP on an address other than loopback"},
      {"[listen]\naddress = \"::\"\n", "clear HTTP on an address other than loopback"},
      {"[listen]\nadmin_address = \"10.0.0.1\"\n", "clear HTTP on an address other than loopback"},
      {"[listen]\nadmin_port = 18080\n", "port and admin_port must differ"},
      {"[limits]\nxml = \"128 MiB\"\n", "[limits] xml is larger than message"},
      {"[push]\nthreads = 2\n", "[push] per_target is larger than threads"},
      {"[push]\ntotal = \"5s\"\n", "[push] connect is longer than total"},
      {"[push]\ntest_endpoints = [\"http://127.0.0.1/\"]\n", "needs [directory] create_mailboxes"},
      {"[limits]\nbytes_in_flight = \"1 MiB\"\n",
       "[limits] bytes_in_flight is smaller than message"},
      {"[deadlines]\nrate_grace = \"6m\"\n", "[deadlines] rate_grace is longer than body"},
      {"[deadlines]\nlinger = \"1s\"\n", "[deadlines] linger_silence is longer than linger"},
  };
  for (const auto& one : cases) {
    const auto detail = error_of(kLeast + one.text);
    EXPECT_EQ(detail.rfind("/etc/test/test.toml:", 0), 0u) << detail;
    EXPECT_NE(detail.find(one.expected), std::string::npos)
        << detail << "\ninstead of " << one.expected;
  }
}

TEST(Config, TheDirectoryComesFromAFileOrFromServers) {
  const auto with = [](const std::string& keys) {
    return kLeast.substr(0, kLeast.find("file =")) + keys;
  };
  const std::string urls = "urls = [\"https://a.test/directory\"]\n";
  const auto config = parse(with(urls + "token_file = \"t\"\nrefresh = \"1m\"\n"));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->directory.urls, std::vector<std::string>{"https://a.test/directory"});
  EXPECT_EQ(config->directory.token_file, "/etc/test/t");
  EXPECT_EQ(config->directory.refresh, 1min);
  EXPECT_EQ(config->directory.max_age, 24h);
  EXPECT_TRUE(config->directory.file.empty());
  EXPECT_NE(error_of(with("urls = [\"ftp://a\"]\n")).find("a list of http"), std::string::npos);
  // What decides who may fetch crosses no network in clear, whatever the name looks like.
  for (const char* clear :
       {"http://a.test/directory", "http://10.0.0.1/", "http://localhost.a.test/",
        "http://127.0.0.1@a.test/", "http://[2001:db8::1]:80/"})
    EXPECT_NE(
        error_of(with("urls = [\"" + std::string(clear) + "\"]\n")).find("only to a loopback"),
        std::string::npos)
        << clear;
  EXPECT_TRUE(parse(with("urls = [\"http://127.0.0.1:18081/directory\", \"http://[::1]/d\"]\n")));
  const std::string serve = "file = \"d\"\nserve = true\n";
  EXPECT_TRUE(parse(with(serve)));
  EXPECT_NE(error_of(with(serve) + "[listen]\nadmin_address = \"\"\n").find("serve needs"),
            std::string::npos);
  const std::string open =
      "[listen]\nadmin_address = \"0.0.0.0\"\nallow_clear_non_loopback = true\n";
  EXPECT_NE(error_of(with(serve) + open).find("serve needs"), std::string::npos);
  EXPECT_TRUE(parse(with(serve + "serve_token_file = \"t\"\n") + open));
}

TEST(Config, WhatIsMissingOrContradictoryIsNamed) {
  const auto without = [](const std::string& line) {
    std::string text = kLeast;
    const auto at = text.find(line);
    return text.erase(at, text.find('\n', at) + 1 - at);
  };
  EXPECT_NE(error_of(without("cipher_key")).find("cipher_key is missing"), std::string::npos);
  EXPECT_NE(error_of(without("signature_key")).find("signature_key is missing"), std::string::npos);
  EXPECT_NE(error_of(without("file =")).find("[directory] file is missing"), std::string::npos);
  EXPECT_NE(error_of(without("anchors")).find("[trust] anchors is empty"), std::string::npos);
  EXPECT_NE(
      error_of("port = 1\n" + kLeast).find("outside of a section: [port]; it belongs to [listen]"),
      std::string::npos);
  EXPECT_NE(error_of("[intermediary]\npin_env = \"A\"\npin_file = \"b\"\n" +
                     kLeast.substr(kLeast.find('\n') + 1))
                .find("only one may be set"),
            std::string::npos);
}

TEST(Config, ThePinCannotStandInTheFileAndIsNotQuoted) {
  const auto detail = error_of("[intermediary]\npin = \"geheim123\"\n");
  EXPECT_NE(detail.find("unknown key \"pin\""), std::string::npos);
  EXPECT_EQ(detail.find("geheim"), std::string::npos);
}

TEST(Config, ExceptionsForOldAlgorithmsAreRead) {
  const auto config = parse(kLeast + R"([policy]
default_language = "en"
[[policy.legacy]]
algorithms = ["cbc", "3des"]
until = 2027-07-01
for = ["efa:010000000001", "AB:CD"]
reason = "release 4.2"
[[policy.legacy]]
algorithms = ["rsa15"]
until = 2027-01-01
reason = "until the rollover"
)");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->policy.default_language, "en");
  ASSERT_EQ(config->policy.legacy.size(), 2u);
  const auto& first = config->policy.legacy[0];
  EXPECT_EQ(first.algorithms, (std::vector<std::string>{"cbc", "3des"}));
  EXPECT_EQ(base::format_datetime(first.until), "2027-06-30T22:00:00Z");
  EXPECT_EQ(first.originators, (std::vector<std::string>{"efa:010000000001", "AB:CD"}));
  EXPECT_EQ(first.reason, "release 4.2");
  EXPECT_EQ(base::format_datetime(config->policy.legacy[1].until), "2026-12-31T23:00:00Z");
  EXPECT_TRUE(config->policy.legacy[1].originators.empty());
}

TEST(Config, NonLoopbackNeedsConsent) {
  EXPECT_TRUE(parse(kLeast + "[listen]\naddress = \"0.0.0.0\"\nallow_clear_non_loopback = true\n"));
  EXPECT_TRUE(parse(kLeast + "[listen]\naddress = \"::1\"\nadmin_address = \"127.0.0.2\"\n"));
}

TEST(Config, MissingFileIsAFileError) {
  EXPECT_EQ(ops::load_config("/nonexistent/x.toml").error().code, ErrorCode::file_error);
  EXPECT_EQ(ops::load_config("/").error().code, ErrorCode::file_error);
}

TEST(Config, ServerLimitsFollowTheConfiguration) {
  const auto config =
      parse(kLeast +
            "[limits]\nmessage = \"2 MiB\"\nxml = \"1 MiB\"\nconnections = 7\ncpu_threads = 3\n")
          .value();
  EXPECT_EQ(ops::server_limits(config).body_bytes, 2u << 20);
  EXPECT_EQ(ops::server_limits(config).connections, 7u);
  EXPECT_LT(ops::admin_server_limits(config).body_bytes, 1u << 20);
  EXPECT_EQ(ops::cpu_threads(config), 3u);
  EXPECT_GE(ops::cpu_threads(Config()), 1u);
}

} // namespace
