// dataclearingctl directory, as a child process.
#include "unit/cli/temporary_folder.h"
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>

namespace {

namespace fs = std::filesystem;
using test::content_of;
using testing::HasSubstr;

const std::string kKeys = DC_SOURCE_DIR "/tests/captures/keys/";
const std::string kOfficial = DC_SOURCE_DIR "/../shared/official";

struct Directory : testing::Test {
  test::TemporaryFolder folder;
  std::string out, err;

  // The exit code. No argument of these tests needs quoting.
  int run(const std::string& arguments) {
    const auto command = std::string(CTL_PROGRAM) + " directory " + arguments + " >" +
                         (folder / "out") + " 2>" + (folder / "err");
    const int status = std::system(command.c_str());
    out = content_of(folder / "out");
    err = content_of(folder / "err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string office(const std::string& more = "") {
    return folder.write("d.toml", "include = [\"services.toml\"]\n[[organisation]]\n"
                                  "key = \"wgb:059130000000\"\nname = \"Amt\"\n"
                                  "[[organisation.certificate]]\nfile = \"" +
                                      kKeys +
                                      "recipient_cipher.cert.pem\"\nuse = \"cipher\"\n"
                                      "[[organisation.service]]\nuri = \"urn:example:s\"\n"
                                      "name = \"S\"\n" +
                                      more);
  }
  void describe(const std::string& element) {
    folder.write("services.toml",
                 "[[description]]\nuri = \"urn:example:s\"\nname = \"S\"\nslot = [{ network = "
                 "\"internet\", element = \"" +
                     element + "\" }]\n");
  }
};

TEST_F(Directory, CheckEndsWithTenWhenSomethingRequiredIsMissing) {
  describe("content_signature");
  const auto file = office();
  EXPECT_EQ(run("check " + file), 10) << err;
  EXPECT_THAT(out, HasSubstr("wgb:059130000000  LACKS   a required service element is not given: "
                             "internet content_signature  (urn:example:s)"));
  EXPECT_EQ(run("check --json " + file), 10);
  const auto answer = boost::json::parse(out).as_object();
  EXPECT_FALSE(answer.at("complete").as_bool());
  const auto& finding = answer.at("findings").at(0).at("findings").at(0).as_object();
  EXPECT_EQ(finding.at("lack"), "service_element");
  EXPECT_TRUE(finding.at("required").as_bool());

  office("[[organisation.service.element]]\nnetwork = \"internet\"\ncontent_signature = \"" +
         kKeys + "recipient_sign.cert.pem\"\n");
  EXPECT_EQ(run("check " + file), 0) << out;
  describe("intermediary");
  EXPECT_EQ(run("check --organisation WGB059130000000 " + file), 0) << out;
  EXPECT_THAT(out, HasSubstr("notice"));
  EXPECT_EQ(run("check --organisation wgb:059150000000 " + file), 6);
  EXPECT_EQ(run("check " + (folder / "none.toml")), 7);
  folder.write("d.toml", "nonsense = 1\n");
  EXPECT_EQ(run("check " + file), 1);
  EXPECT_THAT(err, HasSubstr("d.toml:1: unknown key"));
}

TEST_F(Directory, ExportIsADirectoryFileAndAlwaysTheSame) {
  describe("recipient_cipher");
  const auto file = office();
  ASSERT_EQ(run("export " + file + " -o " + (folder / "a.ndjson")), 0) << err;
  ASSERT_EQ(run("export " + (folder / "a.ndjson") + " -o " + (folder / "b.ndjson")), 0) << err;
  EXPECT_EQ(content_of(folder / "a.ndjson"), content_of(folder / "b.ndjson"));
  EXPECT_EQ(run("check " + (folder / "a.ndjson")), 0) << err;
  auto text = content_of(folder / "a.ndjson");
  folder.write("cut.ndjson", text.substr(0, text.size() / 2));
  EXPECT_EQ(run("check " + (folder / "cut.ndjson")), 1);
  EXPECT_THAT(err, HasSubstr("cut off"));
}

TEST_F(Directory, ImportRefusesWhatIsNoWsdl) {
  folder.write("bad.wsdl", "<a/>");
  EXPECT_EQ(run("import-wsdl " + (folder / "bad.wsdl")), 10);
  EXPECT_THAT(err, HasSubstr("bad.wsdl: WSDL: the root is no wsdl:definitions"));
  EXPECT_EQ(run("import-wsdl " + (folder / "none.wsdl")), 7);
  EXPECT_EQ(run("import-wsdl"), 1);
  EXPECT_EQ(run("import-wsdl --prefixes " + (folder / "bad.wsdl") + " " + (folder / "bad.wsdl")),
            10);
}

// From the published files to a directory that loads, twice with the same result.
TEST_F(Directory, ImportsTheOfficialServicesOfXBau) {
  if (!fs::exists(kOfficial)) GTEST_SKIP() << "official recordings are not here";
  const auto import = "import-wsdl --prefixes " + kOfficial +
                      "/codelists/DVDV.Praefixe_51.xml -o " + (folder / "services.toml") + " " +
                      kOfficial + "/xbau-2.6/wsdl/*.wsdl";
  ASSERT_EQ(run(import), 0) << err;
  std::cout << out;
  EXPECT_THAT(out, HasSubstr("16 service descriptions"));
  EXPECT_THAT(out, HasSubstr("warning        tpl:categories and the prose disagree on providers"));
  const auto first = content_of(folder / "services.toml");
  ASSERT_EQ(run(import + " --json"), 0) << err;
  EXPECT_EQ(boost::json::parse(out).as_array().size(), 16u);
  EXPECT_EQ(content_of(folder / "services.toml"), first);
  const auto file = office();
  EXPECT_EQ(run("check " + file), 0) << err << out;
  ASSERT_EQ(run("export " + file + " -o " + (folder / "a.ndjson")), 0) << err;
  EXPECT_THAT(out, HasSubstr("16 service descriptions"));
}

} // namespace
