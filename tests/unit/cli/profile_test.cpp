#include "cli/profile.h"
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
