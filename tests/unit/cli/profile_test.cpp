#include "cli/commands.h"
#include "cli/profile.h"
#include "cli/settings.h"
#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace {

using namespace cli;
using Arguments = std::vector<std::string>;

KnownOptions known() {
  return {{"url", "cipher-key", "attach", "attempts", "json", "to", "to-cert"},
          {"url", "cipher-key", "attach", "attempts", "json", "to", "to-cert", "out"},
          {"cipher-key", "attach", "to-cert"},
          {{"to", "to-cert"}}};
}

base::Result<Arguments> arguments(const std::string& toml, const Arguments& given = {"send"}) {
  return profile_arguments(toml, "conf/vendor.toml", known(), given);
}

// Options that speak of files and folders, and name none.
std::set<std::string> not_paths() {
  return {"reply"};
}

TEST(Profile, GivesOptionsTheirValues) {
  const auto out = arguments("url = 'https://x/'\nattempts = 3\njson = true\n");
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(*out, (Arguments{"--attempts=3", "--json", "--url=https://x/"}));
  EXPECT_TRUE(arguments("json = false").value().empty());
}

TEST(Profile, TakesPathsFromItsOwnFolder) {
  EXPECT_EQ(arguments("cipher-key = 'keys/a.p12'").value(),
            Arguments{"--cipher-key=conf/keys/a.p12"});
  EXPECT_EQ(arguments("cipher-key = '/keys/a.p12'").value(), Arguments{"--cipher-key=/keys/a.p12"});
  EXPECT_EQ(arguments("attach = ['a', 'b']").value(),
            (Arguments{"--attach=conf/a", "--attach=conf/b"}));
}

TEST(Profile, KnowsEveryOptionThatNamesAFile) {
  // By what --help says, so that a new one is not forgotten.
  CLI::App app;
  for (auto* add : {add_send, add_mediate, add_fetch, add_serve, add_card, add_ping}) add(app);
  const auto paths = path_options();
  std::set<std::string> seen;
  for (const auto* sub : app.get_subcommands({}))
    for (const auto* option : sub->get_options()) {
      const auto names = option->get_lnames();
      const auto& text = option->get_description();
      const bool file = text.find("file") != std::string::npos ||
                        text.find("folder") != std::string::npos ||
                        text.find("certificate") != std::string::npos;
      const bool valued = option->get_items_expected_max() > 0;
      if (names.empty() || !file || !valued || names[0] == "profile") continue;
      seen.insert(names[0]);
    }
  for (const auto& name : seen)
    EXPECT_EQ(paths.contains(name), !not_paths().contains(name)) << name;
  for (const char* name : {"metadata", "kept", "reader-cert", "author-cert", "spool", "out"})
    EXPECT_TRUE(paths.contains(name)) << name;
}

TEST(Profile, IsBeatenByTheCommandLine) {
  EXPECT_TRUE(arguments("url = 'a'", {"send", "--url", "b"}).value().empty());
  EXPECT_TRUE(arguments("url = 'a'", {"send", "--url=b"}).value().empty());
  EXPECT_FALSE(arguments("url = 'a'", {"send", "--", "--url=b"}).value().empty());
  EXPECT_TRUE(arguments("to = 'wgb:1'", {"send", "--to-cert=b"}).value().empty());
}

TEST(Profile, MayServeSeveralSubcommands) {
  EXPECT_TRUE(arguments("out = 'in'").value().empty());
}

TEST(Profile, TellsLineAndKeyOfAMistakeButNoValue) {
  for (const char* toml :
       {"\nulr = 'secret'", "\nprofile = 'secret'", "\nurl = 1.5", "\nurl = ['secret', 2.5]",
        "\n[url]\nsecret = 1", "\nurl = 'secret", "\npin = 'secret'"}) {
    const auto out = arguments(toml);
    ASSERT_FALSE(out) << toml;
    EXPECT_EQ(out.error().code, base::ErrorCode::invalid_config);
    EXPECT_TRUE(out.error().detail.starts_with("conf/vendor.toml, line 2")) << out.error().detail;
    EXPECT_EQ(out.error().detail.find("secret"), std::string::npos) << out.error().detail;
  }
}

TEST(Profile, IsFoundAmongTheArguments) {
  EXPECT_EQ(profile_path({"send", "--profile", "p"}), "p");
  EXPECT_EQ(profile_path({"send", "--profile=p"}), "p");
  EXPECT_EQ(profile_path({"send", "--", "--profile=p"}), "");
  EXPECT_EQ(profile_path({"send"}), "");
}

} // namespace
