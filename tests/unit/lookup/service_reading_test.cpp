// Service elements and the full service descriptions in a directory file.
#include "base/log.h"
#include "directory/completeness.h"
#include "lookup/file_directory.h"
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

namespace {

using base::ErrorCode;
using directory::Lack;
using directory::Network;
using directory::ServiceElement;
using testing::HasSubstr;
using testing::IsEmpty;

const base::Instant kNow = base::parse_datetime("2027-01-01T00:00:00Z").value();

base::Result<std::string> from_captures(const std::string& file) {
  std::ifstream in(DC_SOURCE_DIR "/tests/captures/keys/" + file, std::ios::binary);
  if (!in) return base::fail(ErrorCode::file_error, "no such file");
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

base::Result<std::shared_ptr<const directory::Directory>> parse(const std::string& toml) {
  return lookup::parse_directory(toml, "d.toml", from_captures);
}

std::string refusal(const std::string& toml) {
  const auto parsed = parse(toml);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid_config);
  return parsed.error().detail;
}

std::string description(const std::string& more) {
  return "[[description]]\nuri = \"urn:example:s\"\nname = \"S\"\n" + more;
}

std::string office(const std::string& element = "", const std::string& key = "wgb:059130000000",
                   const std::string& mailbox = "") {
  return "[[organisation]]\nkey = \"" + key + "\"\nname = \"Office\"\n" + mailbox +
         "[[organisation.certificate]]\nfile = \"recipient_cipher.cert.pem\"\nuse = \"cipher\"\n"
         "[[organisation.service]]\nuri = \"urn:example:s\"\nname = \"S\"\n" +
         element;
}

std::string slot(const std::string& element, const std::string& network = "internet",
                 const std::string& required = "true") {
  return "slot = [{ network = \"" + network + "\", element = \"" + element +
         "\", required = " + required + " }]\n";
}

TEST(DirectoryFileServices, ReadsDescriptionsWithAllParts) {
  const auto parsed = parse(description("subject = \"DATA\"\ncommunication = \"one-way-passive\"\n"
                                        "roots = [\"a\"]\n" +
                                        slot("content_signature", "testa", "false")));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto* one = (*parsed)->description("urn:example:s");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->subject, "DATA");
  EXPECT_EQ(one->communication, directory::Communication::one_way_passive);
  EXPECT_THAT(one->roots, testing::ElementsAre("a"));
  ASSERT_EQ(one->slots.size(), 1u);
  EXPECT_EQ(one->slots[0].element, ServiceElement::content_signature);
  EXPECT_EQ(one->slots[0].network, Network::testa);
  EXPECT_FALSE(one->slots[0].required);
}

TEST(DirectoryFileServices, ReadsServiceElements) {
  const auto parsed = parse(office("[[organisation.service.element]]\nnetwork = "
                                   "\"testa\"\nintermediary = \"https://a.test/osci\"\n"
                                   "intermediary_signature = \"intermed_sign.cert.pem\"\n"
                                   "recipient_cipher = \"recipient_cipher.cert.pem\"\n"));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto& elements = (*parsed)->organisations().front().services.front().elements;
  ASSERT_EQ(elements.size(), 1u);
  EXPECT_EQ(elements[0].network, Network::testa);
  EXPECT_EQ(elements[0].intermediary, "https://a.test/osci");
  EXPECT_TRUE(elements[0].intermediary_signature && elements[0].recipient_cipher);
  EXPECT_FALSE(elements[0].content_cipher || elements[0].intermediary_cipher);
}

TEST(DirectoryFileServices, SaysWhatIsWrongAndWhere) {
  const std::string element = "[[organisation.service.element]]\n";
  struct Row {
    std::string toml, said;
  };
  for (const auto& [toml, said] : {
           Row{description("communication = \"both\"\n"), "d.toml:4: \"communication\" is"},
           Row{description(slot("recipient_chipher")), "did you mean \"recipient_cipher\"?"},
           Row{description(slot("intermediary", "moon")), "\"internet\" or \"testa\""},
           Row{description(slot("intermediary", "testa", "1")), "true or false"},
           Row{description("slot = [{network=\"testa\",element=\"intermediary\"},"
                           "{network=\"testa\",element=\"intermediary\"}]\n"),
               "given twice"},
           Row{description("root = []\n"), "did you mean \"roots\"?"},
           Row{office(element), "has no \"network\""},
           Row{office(element + "network = \"testa\"\nintermediary = \"ftp://a\"\n"),
               "no http:// or https:// address"},
           Row{office(element + "network = \"testa\"\nrecipient_cipher = \"none.pem\"\n"),
               "cannot be read"},
           Row{office(element + "network = \"testa\"\n" + element + "network = \"testa\"\n"),
               "given twice"},
           Row{office(element + "network = \"testa\"\n" + element + "network = \"internet\"\n" +
                      element + "network = \"testa\"\n"),
               "more than 2"},
           Row{"include = [\"none.toml\"]\n", "included file \"none.toml\" cannot be read"},
           Row{"include = [\"recipient_cipher.cert.pem\"]\n",
               "d.toml:1: included recipient_cipher.cert.pem:1: not valid TOML"},
       })
    EXPECT_THAT(refusal(toml), HasSubstr(said));
}

TEST(DirectoryFileServices, AnIncludedFileHoldsDescriptionsOnly) {
  const auto with = [](const std::string& content) {
    return lookup::parse_directory(
        "include = [\"more.toml\"]\n", "d.toml",
        [&](const std::string&) -> base::Result<std::string> { return content; });
  };
  EXPECT_TRUE(with(description("")));
  EXPECT_THAT(with(office()).error().detail, HasSubstr("unknown key \"organisation\""));
  EXPECT_THAT(with("include = [\"more.toml\"]\n").error().detail, HasSubstr("unknown key"));
  EXPECT_THAT(with(description("") + description("")).error().detail, HasSubstr("described twice"));
}

std::vector<Lack> lacks(const std::string& toml, base::Instant now = kNow) {
  const auto parsed = parse(toml);
  EXPECT_TRUE(parsed) << parsed.error().detail;
  std::vector<Lack> out;
  for (const auto& one :
       directory::lacks(**parsed, (*parsed)->organisations().front(), now, std::chrono::days{0}))
    out.push_back(one.lack);
  return out;
}

TEST(Completeness, KnowsWhatTheOrganisationStandsInForItself) {
  EXPECT_THAT(lacks(description(slot("recipient_cipher")) + office()), IsEmpty());
  EXPECT_THAT(lacks(description(slot("content_cipher")) + office()), IsEmpty());
  EXPECT_THAT(lacks(description(slot("intermediary_cipher")) + office()),
              testing::ElementsAre(Lack::from_installation));
  EXPECT_FALSE(directory::required(Lack::from_installation));
  EXPECT_THAT(lacks(description(slot("content_signature")) + office()),
              testing::ElementsAre(Lack::service_element));
  EXPECT_TRUE(directory::required(Lack::service_element));
  EXPECT_THAT(lacks(description(slot("content_signature")) +
                    office("[[organisation.service.element]]\nnetwork = \"internet\"\n"
                           "content_signature = \"recipient_sign.cert.pem\"\n")),
              IsEmpty());
}

TEST(Completeness, AnOptionalNetworkIsJudgedOnceItIsUsed) {
  const auto optional = description(slot("content_signature", "testa", "false"));
  EXPECT_THAT(lacks(optional + office()), IsEmpty());
  EXPECT_THAT(lacks(optional + office("[[organisation.service.element]]\nnetwork = \"testa\"\n"
                                      "intermediary = \"https://a.test/\"\n")),
              testing::ElementsAre(Lack::service_element));
}

TEST(Completeness, SeesEndedCertificatesAndOddKeys) {
  base::set_log_sink([](const base::LogRecord&) {}); // an odd key is logged
  const auto far = base::parse_datetime("2199-01-01T00:00:00Z").value();
  EXPECT_THAT(lacks(description(slot("recipient_cipher")) + office(), far),
              testing::ElementsAre(Lack::cipher_certificate, Lack::service_element));
  EXPECT_THAT(lacks(description(slot("recipient_cipher")) +
                        office("[[organisation.service.element]]\nnetwork = \"internet\"\n"
                               "recipient_cipher = \"recipient_cipher.cert.pem\"\n"),
                    far),
              testing::ElementsAre(Lack::cipher_certificate, Lack::element_ended));
  EXPECT_THAT(lacks(office("", "ag:05913000")),
              testing::ElementsAre(Lack::key_form, Lack::not_described));
}

} // namespace
