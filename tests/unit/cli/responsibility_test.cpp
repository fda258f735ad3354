// `osci send --leika --region`: the recipient by responsibility, up to the stored message.
#include "cli/responsibility.h"
#include "http_front.h"
#include "osci_program.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kService = "http://www.example.org/illustrativ/xantrag/1/0/wohngeld.wsdl";
const std::string agreements = DC_SOURCE_DIR "/config/agreements.toml";

// A directory in which Dortmund offers the service of the example.
std::string directory_in(const test::TemporaryFolder& folder) {
  return folder.write("directory.toml",
                      "[[organisation]]\nkey = \"wgb:059130000000\"\nname = \"Dortmund\"\n"
                      "[[organisation.certificate]]\nuse = \"cipher\"\nfile = \"" +
                          support::captures_folder() + "/keys/recipient_cipher.cer\"\n" +
                          "[[organisation.service]]\nname = \"Wohngeld\"\nuri = \"" + kService +
                          "\"\n");
}

base::Instant now() {
  return base::parse_datetime("2026-11-30T12:00:00Z").value();
}

TEST(ChooseAddressee, SetsRecipientAndService) {
  const test::TemporaryFolder folder;
  cli::LetterOptions letter;
  letter.directory = directory_in(folder);
  cli::ResponsibilityOptions none;
  EXPECT_TRUE(cli::choose_addressee(none, letter, now()));
  EXPECT_EQ(letter.to, "");
  const auto chosen =
      cli::choose_addressee({"99107023017000", "059130000000", agreements, {}}, letter, now());
  ASSERT_TRUE(chosen) << chosen.error().detail;
  EXPECT_EQ(letter.to, "wgb:059130000000");
  EXPECT_EQ(letter.service, kService);
  // Somebody was named already.
  const auto twice =
      cli::choose_addressee({"99107023017000", "059130000000", agreements, {}}, letter, now());
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::invalid_config);
}

TEST(ChooseAddressee, NobodyIsAnErrorWithItsReason) {
  const test::TemporaryFolder folder;
  cli::LetterOptions letter;
  letter.directory = directory_in(folder);
  const auto missing =
      cli::choose_addressee({"99107023017000", "05515000", agreements, {}}, letter, now());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().detail, HasSubstr("none_competent"));
  // The Kreis is responsible, but this directory does not list it.
  const auto unlisted =
      cli::choose_addressee({"99107023017000", "05554004", agreements, {}}, letter, now());
  ASSERT_FALSE(unlisted);
  EXPECT_THAT(unlisted.error().detail, HasSubstr("not_in_directory"));
  EXPECT_EQ(letter.to, "");
}

TEST(Moment, DateIsMidnightInGermany) {
  EXPECT_EQ(cli::moment("", now()).value(), now());
  EXPECT_EQ(base::format_datetime(cli::moment("2026-07-01", now()).value()),
            "2026-06-30T22:00:00Z");
  EXPECT_EQ(base::format_datetime(cli::moment("2026-07-01T10:00:00+02:00", now()).value()),
            "2026-07-01T08:00:00Z");
  EXPECT_FALSE(cli::moment("2026-13-01", now()));
  EXPECT_FALSE(cli::moment("morgen", now()));
  EXPECT_EQ(cli::format_german_day(base::parse_datetime("2026-06-30T22:00:00Z").value()),
            "2026-07-01");
}

TEST(SendProgram, FindsTheRecipientByLeikaAndRegion) {
  test::FakeIntermediary intermediary;
  test::HttpFront front(intermediary);
  const test::TemporaryFolder folder;
  test::OsciProgram program("send", "sender",
                            {"--url=" + front.url(), "--directory=" + directory_in(folder),
                             "--leika=99107023017000", "--region=059130000000",
                             "--agreements=" + agreements,
                             support::captures_folder() + "/payload/antrag.xml"});
  const auto text = program.rest();
  EXPECT_EQ(program.end(), 0) << program.errors();
  EXPECT_THAT(text, HasSubstr("message id  id-1"));
  EXPECT_THAT(program.errors(), AllOf(HasSubstr("organisation  wgb:059130000000"),
                                      HasSubstr("Dortmund, Stadt"), HasSubstr(kService)));
  EXPECT_EQ(intermediary.kept.size(), 1u);
}

} // namespace
