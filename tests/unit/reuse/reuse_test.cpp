// `dataclearingctl entitled`, `find` and `regions` on the example files.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/wait.h>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = -1;
  std::string text; // stdout and stderr
};

Outcome ctl(const std::string& arguments) {
  Outcome out;
  auto* pipe = ::popen((CTL_PROGRAM " " + arguments + " 2>&1").c_str(), "r");
  if (!pipe) return out;
  std::array<char, 4096> block;
  while (const auto got = std::fread(block.data(), 1, block.size(), pipe))
    out.text.append(block.data(), got);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

const std::string kExample =
    " --agreements " DC_SOURCE_DIR "/config/agreements.toml --at 2026-11-30";

TEST(Entitled, TellsTheChainAndWhatIsMissing) {
  auto said = ctl("entitled http://www.example.org/illustrativ/xantrag/1/0/wohngeld.wsdl "
                  "wgb:059130000000" +
                  kExample);
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text, AllOf(HasSubstr("Stadt Dortmund"), HasSubstr("Ergebnis   vereinbart"),
                               HasSubstr("EA ea-dortmund-wohngeld")));
  said = ctl("entitled wohngeld ahaus" + kExample);
  EXPECT_EQ(said.code, 10);
  EXPECT_THAT(said.text, AllOf(HasSubstr("nicht vereinbart"),
                               HasSubstr("Es fehlt: RV für Stadt Ahaus. [rv_missing]"),
                               HasSubstr("[task_transferred]")));
  said = ctl("entitled wohngeld dortmund --json" + kExample);
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text, HasSubstr("{\"entitled\":true,\"service\":\"wohngeld\""));
  said = ctl("entitled wohngeld dortmund --agreements /nowhere.toml");
  EXPECT_EQ(said.code, 7);
  said = ctl("entitled wohngeld dortmund --at tomorrow --agreements /nowhere.toml");
  EXPECT_EQ(said.code, 1);
}

TEST(Find, LeikaAndRegionLeadToTheOrganisation) {
  auto said = ctl("find --leika 99107023017000 --region 059130000000" + kExample);
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text,
              AllOf(HasSubstr("05913000 / 059130000000  Dortmund, Stadt"),
                    HasSubstr("organisation  wgb:059130000000"), HasSubstr("wohngeld.wsdl")));
  said = ctl("find --leika 99107023017000 --region '05 5 54 004'" + kExample);
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text, AllOf(HasSubstr("wgb:055540000000"), HasSubstr("by_kreis")));
  said = ctl("find --leika 99107023017000 --region 05515000" + kExample);
  EXPECT_EQ(said.code, 10);
  EXPECT_THAT(said.text, AllOf(HasSubstr("none_competent"), Not(HasSubstr("organisation  "))));
}

TEST(RegionsCommand, ShowsByDate) {
  auto said = ctl("regions show 055540004004");
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text,
              AllOf(HasSubstr("05554004"), HasSubstr("Ahaus"), HasSubstr("Borken (Kreis)")));
  said = ctl("regions show 05313000 --at 2009-10-20");
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text,
              AllOf(HasSubstr("until       2009-10-21"), HasSubstr("2009-10-20  valid")));
  said = ctl("regions show 05313000 --at 2009-10-21");
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text, HasSubstr("2009-10-21  now 05334002  053340002002  Aachen, Stadt"));
  EXPECT_EQ(ctl("regions show 05334002 --at 2009-10-20").code, 10);
  EXPECT_EQ(ctl("regions show 05999999").code, 6);
}

TEST(RegionsCommand, ImportsAndChecksOfficialLists) {
  const std::string lists = DC_SOURCE_DIR "/../shared/official/codelists/";
  auto said = ctl("regions check");
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.text, HasSubstr("396 municipalities, 53 Kreise"));
  if (!std::filesystem::is_directory(lists))
    GTEST_SKIP() << "no ../shared: the official lists (beside the recordings) are not here";
  std::string folder = (std::filesystem::temp_directory_path() / "reuse-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto both = lists + "AGS_2026-04-30.xml " + lists + "Kreis_2026-01-31.xml --land 05";
  said = ctl("regions import " + both + " -o " + folder + "/nrw.tsv");
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_THAT(said.text, HasSubstr("449 regions"));
  const auto slurp = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  EXPECT_EQ(slurp(folder + "/nrw.tsv"), slurp(DC_SOURCE_DIR "/daemon/lookup/regions_nrw.tsv"));
  EXPECT_EQ(ctl("regions check " + both).code, 0);
  EXPECT_EQ(ctl("regions check " + lists + "AGS_2026-04-30.xml --land 05").code, 10);
  EXPECT_EQ(ctl("regions import " + lists + "DVDV.Praefixe_51.xml -o " + folder + "/no").code, 10);
  std::filesystem::remove_all(folder);
}

} // namespace
