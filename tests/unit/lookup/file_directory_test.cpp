#include "base/encoding.h"
#include "base/log.h"
#include "lookup/file_directory.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using directory::CertificateUse;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string keys = DC_SOURCE_DIR "/tests/captures/keys/";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A folder of its own for one test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "lookup-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Serves the test certificates of tests/captures/keys by name.
base::Result<std::string> from_captures(const std::string& file) {
  if (!fs::exists(keys + file)) return base::fail(ErrorCode::file_error, "no such file");
  return slurp(keys + file);
}

base::Result<std::shared_ptr<const directory::Directory>> parse(const std::string& toml,
                                                                const lookup::Limits& limits = {}) {
  return lookup::parse_directory(toml, "d.toml", from_captures, limits);
}

std::string refusal(const std::string& toml, const lookup::Limits& limits = {}) {
  const auto parsed = parse(toml, limits);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid_config);
  return parsed.error().detail;
}

// Lines 1 to 4; `more` starts at line 5.
std::string sender(const std::string& more) {
  return "[[organisation]]\nkey = \"efa:010000000001\"\nname = \"Sender\"\nmailbox = false\n" +
         more;
}

// `more` stands in lines 5 and on, before the certificate's entry at its end.
std::string receiver(const std::string& more = "", const std::string& certificate_more = "",
                     const std::string& key = "wgb:059130000000",
                     const std::string& file = "recipient_cipher") {
  return "[[organisation]]\nkey = \"" + key + "\"\nname = \"Receiver\"\n" + more +
         "[[organisation.certificate]]\nfile = \"" + file + ".cert.pem\"\nuse = \"cipher\"\n" +
         certificate_more;
}

std::string certificate_error(const base::Result<std::string>& content) {
  const auto parsed =
      lookup::parse_directory(receiver(), "d.toml", [&](const std::string&) { return content; });
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid_config);
  EXPECT_THAT(parsed.error().detail,
              StartsWith("d.toml:5: organisation wgb:059130000000: certificate "
                         "file \"recipient_cipher.cert.pem\" "));
  return parsed.error().detail;
}

std::optional<base::Instant> start(const std::string& date) {
  const auto parsed = parse(receiver("", "valid_from = " + date + "\n"));
  EXPECT_TRUE(parsed) << date;
  return parsed.value()->organisations().front().certificates.front().valid_from;
}

TEST(DirectoryFile, ReadsAnOrganisationWithAllThatBelongsToIt) {
  const auto parsed = parse(R"([[organisation]]
key = "WGB059130000000"
name = " Stadt Dortmund "
mailbox = "dortmund"
[[organisation.certificate]]
file = "recipient_cipher.cert.pem"
use = "cipher"
valid_until = 2027-01-01
[[organisation.certificate]]
file = "recipient_sign.cer"
use = "signature"
[[organisation.service]]
uri = "http://www.example.org/wohngeld.wsdl"
name = "Wohngeld"
valid_from = 2026-05-01T00:00:00+02:00
)");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto* dortmund = (*parsed)->find("wgb:059130000000");
  ASSERT_NE(dortmund, nullptr);
  EXPECT_EQ(dortmund->key, "wgb:059130000000");
  EXPECT_EQ(dortmund->name, "Stadt Dortmund");
  EXPECT_EQ(dortmund->mailbox, "dortmund");
  ASSERT_EQ(dortmund->certificates.size(), 2u);
  EXPECT_EQ(dortmund->certificates[0].use, CertificateUse::cipher);
  EXPECT_EQ(base::format_datetime(*dortmund->certificates[0].valid_until), "2026-12-31T23:00:00Z");
  EXPECT_FALSE(dortmund->certificates[0].valid_from);
  EXPECT_EQ(dortmund->certificates[1].use, CertificateUse::signature);
  ASSERT_EQ(dortmund->services.size(), 1u);
  EXPECT_EQ(dortmund->services[0].uri, "http://www.example.org/wohngeld.wsdl");
  EXPECT_EQ(dortmund->services[0].name, "Wohngeld");
  EXPECT_EQ(base::format_datetime(*dortmund->services[0].valid_from), "2026-04-30T22:00:00Z");
  EXPECT_EQ((*parsed)->owner_of(dortmund->certificates[1].certificate.fingerprint()), dortmund);
}

TEST(DirectoryFile, MayBeEmpty) {
  const auto parsed = parse("# nobody yet\n");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE((*parsed)->organisations().empty());
}

TEST(DirectoryFile, NamesTheMailboxAfterTheKeyByDefault) {
  EXPECT_EQ(parse(receiver()).value()->organisations()[0].mailbox, "wgb:059130000000");
}

TEST(DirectoryFile, GivesPureSendersNoMailbox) {
  EXPECT_EQ(parse(sender("")).value()->organisations()[0].mailbox, "");
}

TEST(DirectoryFile, RefusesAMailboxThatNobodyCouldAddress) {
  EXPECT_THAT(refusal("[[organisation]]\nkey = \"wgb:059130000000\"\nname = \"x\"\n"),
              AllOf(StartsWith("d.toml:1: organisation wgb:059130000000: "),
                    HasSubstr("no cipher certificate"), HasSubstr("mailbox = false")));
}

TEST(DirectoryFile, RefusesOtherValuesOfMailbox) {
  for (const auto* value : {"true", "1", "\"a/b\"", "\"..\"", "[]"})
    EXPECT_THAT(refusal(receiver("mailbox = " + std::string(value) + "\n")),
                AllOf(StartsWith("d.toml:4: "), HasSubstr("\"mailbox\" is false")))
        << value;
  EXPECT_THAT(refusal(receiver("mailbox = \" \"\n")), HasSubstr("d.toml:4: "));
}

TEST(DirectoryFile, RefusesAMailboxTakenByAnother) {
  const auto detail = refusal(receiver() + receiver("mailbox = \"wgb:059130000000\"\n", "",
                                                    "wgb:055540040000", "other_cipher"));
  EXPECT_THAT(detail, AllOf(StartsWith("d.toml:10: organisation wgb:055540040000: mailbox"),
                            HasSubstr("already taken in line 1")));
}

TEST(DirectoryFile, RefusesAKeyListedTwice) {
  EXPECT_THAT(refusal(sender("") + receiver("", "", "EFA010000000001")),
              AllOf(StartsWith("d.toml:6: organisation efa:010000000001: the key is already taken"),
                    HasSubstr("line 2")));
}

TEST(DirectoryFile, RefusesACertificateOfTwoOrganisations) {
  EXPECT_THAT(refusal(receiver() + receiver("", "", "wgb:055540040000")),
              AllOf(StartsWith("d.toml:11: organisation wgb:055540040000: "),
                    HasSubstr("already belongs to wgb:059130000000 (line 5)")));
}

TEST(DirectoryFile, RefusesACertificateListedTwiceForOneUse) {
  EXPECT_THAT(refusal(receiver("", "[[organisation.certificate]]\nfile = "
                                   "\"recipient_cipher.cer\"\nuse = \"cipher\"\n")),
              AllOf(StartsWith("d.toml:8: "), HasSubstr("listed twice for the same use")));
}

TEST(DirectoryFile, RefusesUnknownKeysAndSuggestsTheRightOne) {
  EXPECT_THAT(refusal("[[organisations]]\n"),
              AllOf(StartsWith("d.toml:1: unknown key \"organisations\""),
                    HasSubstr("did you mean \"organisation\"?")));
  EXPECT_THAT(refusal(sender("mailbxo = 1\n")),
              AllOf(StartsWith("d.toml:5: organisation efa:010000000001: unknown key \"mailbxo\""),
                    HasSubstr("did you mean \"mailbox\"?")));
  EXPECT_THAT(refusal(receiver("", "validuntil = 2026-01-01\n")),
              AllOf(StartsWith("d.toml:7: "), HasSubstr("did you mean \"valid_until\"?")));
  EXPECT_THAT(refusal(sender("[[organisation.service]]\nuri = \"urn:a\"\nname = \"a\"\nurl = 1\n")),
              HasSubstr("did you mean \"uri\"?"));
  EXPECT_THAT(refusal(sender("telephone = 1\n")),
              HasSubstr("allowed here: key, name, mailbox, certificate, service"));
}

TEST(DirectoryFile, ClipsWhatItQuotes) {
  const auto detail = refusal("\"" + std::string(5000, 'x') + "\\n\" = 1\n");
  EXPECT_LT(detail.size(), 300u);
  EXPECT_THAT(refusal("\"a\\nb\" = 1\n"), HasSubstr("\"a?b\""));
}

TEST(DirectoryFile, RefusesEntriesWithoutMandatoryKeys) {
  EXPECT_THAT(refusal("\n[[organisation]]\nname = \"x\"\n"),
              AllOf(StartsWith("d.toml:2: "), HasSubstr("has no \"key\"; add it")));
  EXPECT_THAT(refusal("[[organisation]]\nkey = \"efa:010000000001\"\n"), HasSubstr("no \"name\""));
  EXPECT_THAT(refusal(sender("[[organisation.certificate]]\nuse = \"cipher\"\n")),
              HasSubstr("no \"file\""));
  EXPECT_THAT(refusal(sender("[[organisation.certificate]]\nfile = \"x\"\n")),
              HasSubstr("no \"use\""));
  EXPECT_THAT(refusal(sender("[[organisation.service]]\nname = \"x\"\n")), HasSubstr("no \"uri\""));
  EXPECT_THAT(refusal(sender("[[organisation.service]]\nuri = \"urn:x\"\n")),
              HasSubstr("no \"name\""));
}

TEST(DirectoryFile, RefusesValuesOfTheWrongKind) {
  EXPECT_THAT(refusal("organisation = 1\n"), HasSubstr("two brackets"));
  EXPECT_THAT(refusal("[organisation]\nkey = \"efa:010000000001\"\n"), HasSubstr("two brackets"));
  EXPECT_THAT(refusal("organisation = [1]\n"), HasSubstr("is a table"));
  EXPECT_THAT(refusal("[[organisation]]\nkey = 59130000000\n"), HasSubstr("text in double quotes"));
  EXPECT_THAT(refusal("[[organisation]]\nkey = \"\"\n"), HasSubstr("\"key\" is empty"));
  EXPECT_THAT(refusal("[[organisation]]\nkey = \"dortmund\"\n"),
              AllOf(HasSubstr("d.toml:2: "), HasSubstr("e.g. wgb:059130000000")));
  EXPECT_THAT(refusal("[[organisation]]\nkey = \"efa:010000000001\"\nname = \"a\\u0007\"\n"),
              HasSubstr("control characters"));
  EXPECT_THAT(refusal("[[organisation]]\nkey = \"efa:010000000001\"\nname = \"" +
                      std::string(513, 'x') + "\"\n"),
              HasSubstr("longer than 512"));
  EXPECT_THAT(refusal(sender("[[organisation.certificate]]\nfile = \"x\"\nuse = \"sign\"\n")),
              HasSubstr("\"use\" is \"cipher\" or \"signature\", not \"sign\""));
  EXPECT_THAT(refusal(sender("[[organisation.service]]\nuri = \"wohngeld\"\nname = \"x\"\n")),
              HasSubstr("no absolute URI"));
}

TEST(DirectoryFile, RefusesAServiceListedTwice) {
  const std::string service = "[[organisation.service]]\nuri = \"urn:a\"\nname = \"a\"\n";
  EXPECT_THAT(refusal(sender(service + service)),
              AllOf(StartsWith("d.toml:9: "), HasSubstr("\"urn:a\" is listed twice")));
}

TEST(DirectoryFile, ReadsEndpointsAndTheirCertificates) {
  const auto parsed = parse(receiver("[[organisation.endpoint]]\nuri = \"https://a.example/x?y\"\n"
                                     "ca = \"test_ca.cert.pem\"\n[[organisation.endpoint]]\n"
                                     "uri = \"http://127.0.0.1:18080/osci\"\n"));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto& organisation = (*parsed)->organisations().front();
  ASSERT_EQ(organisation.endpoints.size(), 2u);
  const auto* first = organisation.endpoint("https://a.example/x?y");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->ca, slurp(keys + "test_ca.cert.pem"));
  EXPECT_EQ(organisation.endpoint("http://127.0.0.1:18080/osci")->ca, "");
  EXPECT_EQ(organisation.endpoint("http://127.0.0.1:18080/OSCI"), nullptr);
  EXPECT_EQ(organisation.endpoint(""), nullptr);
}

TEST(DirectoryFile, RefusesEndpointsThatAreNoPlainAddress) {
  const auto with = [](const std::string& entry) {
    return refusal(receiver("[[organisation.endpoint]]\n" + entry + "\n"));
  };
  for (const auto* uri :
       {"ftp://a.example/", "https://", "https:///x", "https://:443/x", "//a.example/",
        "https://user@a.example/", "https://a.example/#x", "https://a.example/ x",
        "https://ä.example/", "HTTPS://a.example/", "file:///etc/passwd", "a.example"})
    EXPECT_THAT(with("uri = \"" + std::string(uri) + "\""),
                AllOf(StartsWith("d.toml:5: organisation wgb:059130000000: "),
                      HasSubstr("is no http:// or https:// address")))
        << uri;
  EXPECT_THAT(with(""), HasSubstr("has no \"uri\""));
  EXPECT_THAT(with("url = \"https://a.example/\""), HasSubstr("unknown key"));
  const std::string good = "uri = \"https://a.example/\"\n";
  EXPECT_THAT(with(good + "[[organisation.endpoint]]\n" + good), HasSubstr("is listed twice"));
  EXPECT_THAT(with(good + "ca = \"missing.pem\""), HasSubstr("cannot be read"));
  EXPECT_THAT(with(good + "ca = \"recipient_cipher.key.pem\""), HasSubstr("private key"));
  EXPECT_THAT(with(good + "ca = \"test_ca.cer\""), HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(with("uri = \"http://a.example/\"\nca = \"test_ca.cert.pem\""),
              HasSubstr("has no meaning"));
  lookup::Limits limits;
  limits.endpoints = 1;
  EXPECT_THAT(refusal(receiver("[[organisation.endpoint]]\n" + good +
                               "[[organisation.endpoint]]\nuri = \"https://b.example/\"\n"),
                      limits),
              HasSubstr("more than 1 [[organisation.endpoint]]"));
}

TEST(DirectoryFile, ReportsBrokenTomlWithItsLine) {
  EXPECT_THAT(refusal("\n\nkey = = 1\n"), AllOf(StartsWith("d.toml:3: "), HasSubstr("TOML")));
  EXPECT_THAT(refusal("\xff\xfe"), HasSubstr("TOML"));
  EXPECT_THAT(refusal("x = fa\nsle\n"), Not(HasSubstr("\n")));
}

TEST(DirectoryFile, TakesDatesAsMidnightInGermany) {
  EXPECT_EQ(base::format_datetime(*start("2026-01-01")), "2025-12-31T23:00:00Z");
  EXPECT_EQ(base::format_datetime(*start("2026-07-01")), "2026-06-30T22:00:00Z");
  // Summer time begins on 29 March and ends on 25 October 2026, both after midnight.
  EXPECT_EQ(base::format_datetime(*start("2026-03-29")), "2026-03-28T23:00:00Z");
  EXPECT_EQ(base::format_datetime(*start("2026-03-30")), "2026-03-29T22:00:00Z");
  EXPECT_EQ(base::format_datetime(*start("2026-10-25")), "2026-10-24T22:00:00Z");
  EXPECT_EQ(base::format_datetime(*start("2026-10-26")), "2026-10-25T23:00:00Z");
}

TEST(DirectoryFile, TakesDateTimesWithZone) {
  EXPECT_EQ(base::format_datetime(*start("2026-05-01T12:30:15.250-01:30")),
            "2026-05-01T14:00:15.250Z");
  EXPECT_EQ(base::format_datetime(*start("2026-05-01T00:00:00Z")), "2026-05-01T00:00:00Z");
}

TEST(DirectoryFile, RefusesDatesThatLeaveTheMomentOpen) {
  for (const auto* value : {"2026-05-01T00:00:00", "\"2026-05-01\"", "12:00:00", "2026"})
    EXPECT_THAT(refusal(receiver("", "valid_from = " + std::string(value) + "\n")),
                AllOf(StartsWith("d.toml:7: organisation wgb:059130000000: \"valid_from\" takes a "
                                 "date without quotes")))
        << value;
}

TEST(DirectoryFile, RefusesAWindowThatEndsBeforeItBegins) {
  EXPECT_THAT(refusal(receiver("", "valid_from = 2026-05-01\nvalid_until = 2026-05-01\n")),
              AllOf(StartsWith("d.toml:8: "), HasSubstr("must lie after")));
}

TEST(DirectoryFile, RefusesAPrivateKeyInEveryForm) {
  const auto says_so = AllOf(HasSubstr("holds a private key"), HasSubstr("delete the file"));
  const auto pem = slurp(keys + "recipient_cipher.key.pem");
  EXPECT_THAT(certificate_error(pem), says_so);
  EXPECT_THAT(certificate_error(slurp(keys + "recipient_cipher.cert.pem") + pem), says_so);
  EXPECT_THAT(certificate_error(slurp(keys + "recipient_cipher.p12")), says_so);
  const auto begin = pem.find('\n') + 1;
  const auto der = base::base64_decode(pem.substr(begin, pem.find("-----END") - begin)).value();
  EXPECT_THAT(certificate_error(der), says_so);
  // The head of an encrypted PKCS#8 key, protected by PBES2.
  EXPECT_THAT(certificate_error(base::hex_decode("308202e4305e06092a864886f70d01050d").value()),
              says_so);
}

TEST(DirectoryFile, RefusesFilesThatHoldNoCertificate) {
  EXPECT_THAT(certificate_error(std::string()), HasSubstr("no certificate in PEM or DER form"));
  EXPECT_THAT(certificate_error(std::string("hello")),
              HasSubstr("no certificate in PEM or DER form"));
  EXPECT_THAT(certificate_error(std::string("\x30\x82\x01", 3)),
              HasSubstr("no certificate in PEM or DER form"));
  EXPECT_THAT(certificate_error(std::string(300000, 'x')),
              HasSubstr("is larger than 262144 bytes"));
  EXPECT_THAT(certificate_error(base::fail(ErrorCode::file_error, "no such file")),
              HasSubstr("cannot be read: no such file"));
}

TEST(DirectoryFile, RefusesCertificatesThatDoNotFitTheirUse) {
  EXPECT_THAT(certificate_error(slurp(keys + "recipient_sign.cert.pem")),
              HasSubstr("is it the signature certificate?"));
  EXPECT_THAT(certificate_error(slurp(keys + "test_ca.cert.pem")), HasSubstr("CA's certificate"));
  EXPECT_THAT(refusal(sender("[[organisation.certificate]]\nfile = "
                             "\"sender_cipher.cert.pem\"\nuse = \"signature\"\n")),
              HasSubstr("is it the cipher certificate?"));
}

TEST(DirectoryFile, HoldsItsLimits) {
  lookup::Limits limits;
  limits.file_bytes = 20;
  EXPECT_THAT(refusal(sender(""), limits), HasSubstr("larger than the limit of 20 bytes"));
  limits = {};
  limits.organisations = 1;
  EXPECT_EQ(refusal(sender(""), limits), "accepted");
  EXPECT_THAT(refusal(sender("") + receiver(), limits), HasSubstr("more than 1 [[organisation]]"));
  limits = {};
  limits.certificates = 1;
  EXPECT_THAT(refusal(receiver("", "[[organisation.certificate]]\nfile = "
                                   "\"recipient_sign.cer\"\nuse = \"signature\"\n"),
                      limits),
              HasSubstr("more than 1 [[organisation.certificate]]"));
  limits = {};
  limits.services = 0;
  EXPECT_THAT(refusal(sender("[[organisation.service]]\nuri = \"urn:a\"\nname = \"a\"\n"), limits),
              HasSubstr("more than 0 [[organisation.service]]"));
  limits = {};
  limits.certificate_bytes = 10;
  EXPECT_THAT(refusal(receiver(), limits), HasSubstr("is larger than 10 bytes"));
}

TEST(DirectoryFile, SurvivesKeysNestedWithoutEnd) {
  std::string dots = "a";
  for (int i = 0; i < 400'000; ++i) dots += ".a";
  const auto says_so = HasSubstr("nested too deeply");
  EXPECT_THAT(refusal(dots + " = 1\n"), AllOf(StartsWith("d.toml:1: "), says_so));
  EXPECT_THAT(refusal("\n[" + dots + "]\n"), AllOf(StartsWith("d.toml:2: "), says_so));
  EXPECT_THAT(refusal("x = { " + dots + " = 1 }\n"), says_so);
  EXPECT_THAT(refusal("x = \"\"\"a\"\"\"\"\"\n" + dots + " = 1\n"), says_so);
  EXPECT_THAT(refusal("x = [\"\"\"a\"\"\"\"\", {" + dots + " = 1}]\n"), says_so);
  EXPECT_THAT(refusal("x = ['''a''''', {" + dots + " = 1}]\n"), says_so);
  EXPECT_THAT(refusal("x = [\"\\\\\", 'it\\', {" + dots + " = 1}]\n"), says_so);
  EXPECT_THAT(refusal("# it's\n" + dots + " = 1\n"), says_so);
  EXPECT_THAT(refusal("x = " + std::string(100'000, '[') + "\n"), HasSubstr("TOML"));
}

TEST(DirectoryFile, DoesNotTakeDotsInTextsForNesting) {
  const std::string dots(100, '.');
  EXPECT_EQ(refusal("# " + dots + "\n" +
                    sender("[[organisation.service]]\nuri = \"urn:" + dots + "\"\nname = '''" +
                           dots + "'''\n[[organisation.service]]\nuri = 'urn:a" + dots +
                           "'\nname = \"\"\"\n\\\"" + dots + "\"\"\" # " + dots + "\n")),
            "accepted");
}

TEST(DirectoryFile, WarnsOfAnUnusualKeyAndAcceptsIt) {
  std::vector<std::string> events;
  base::set_log_sink([&](const base::LogRecord& record) { events.emplace_back(record.event); });
  EXPECT_EQ(refusal("[[organisation]]\nkey = \"ag:09000009\"\nname = \"x\"\nmailbox = false\n"),
            "accepted");
  EXPECT_EQ(refusal(sender("")), "accepted");
  base::set_log_sink({});
  EXPECT_THAT(events, testing::ElementsAre("directory.unusual_key"));
}

TEST(LoadDirectoryFile, ResolvesCertificatesBesideTheFile) {
  const Scratch scratch;
  fs::create_directory(scratch.path() / "certificates");
  fs::copy(keys + "recipient_cipher.cert.pem", scratch.path() / "certificates");
  write(scratch.path() / "directory.toml",
        receiver("", "", "wgb:059130000000", "certificates/recipient_cipher"));
  const auto loaded = lookup::load_directory_file((scratch.path() / "directory.toml").string());
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ((*loaded)->organisations().size(), 1u);

  write(scratch.path() / "absolute.toml",
        receiver("", "", "wgb:059130000000", keys + "recipient_cipher"));
  EXPECT_TRUE(lookup::load_directory_file((scratch.path() / "absolute.toml").string()));
}

TEST(LoadDirectoryFile, NamesTheFileThatCannotBeRead) {
  const Scratch scratch;
  const auto path = (scratch.path() / "directory.toml").string();
  auto loaded = lookup::load_directory_file(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::file_error);
  EXPECT_THAT(loaded.error().detail, AllOf(HasSubstr(path), HasSubstr("no such file")));

  loaded = lookup::load_directory_file(scratch.path().string());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail, HasSubstr("not a regular file"));

  write(path, receiver());
  loaded = lookup::load_directory_file(path);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail, AllOf(StartsWith(path + ":5: organisation wgb:059130000000: "),
                                           HasSubstr("cannot be read: no such file")));
}

TEST(LoadDirectoryFile, RefusesAFileOverTheLimit) {
  const Scratch scratch;
  const auto path = (scratch.path() / "directory.toml").string();
  write(path, "# " + std::string(100, 'x') + "\n");
  lookup::Limits limits;
  limits.file_bytes = 100;
  const auto loaded = lookup::load_directory_file(path, limits);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail, HasSubstr("larger than the limit of 100 bytes"));
}

// The example is written for the PKI that the script makes; both must fit each other.
TEST(ExampleDirectory, LoadsWithTheTestPki) {
  ASSERT_EQ(std::system(DC_SOURCE_DIR "/certs/make-pki.sh " DC_PKI_DIR " >/dev/null"), 0);
  const Scratch scratch;
  fs::create_directories(scratch.path() / "certs");
  fs::create_directories(scratch.path() / "config");
  fs::create_directory_symlink(DC_PKI_DIR, scratch.path() / "certs/pki");
  fs::copy(DC_SOURCE_DIR "/config/directory.toml", scratch.path() / "config");
  const auto loaded =
      lookup::load_directory_file((scratch.path() / "config/directory.toml").string());
  ASSERT_TRUE(loaded) << loaded.error().detail;
  ASSERT_EQ((*loaded)->organisations().size(), 4u);
  EXPECT_EQ((*loaded)->find("wgb:059130000000")->mailbox, "wgb:059130000000");
  EXPECT_EQ((*loaded)->find("wgb:055540040000")->mailbox, "wgb:055540040000");
  EXPECT_EQ((*loaded)->find("efa:010000000001")->mailbox, "");
  const auto* second = (*loaded)->find("efa:020000000001");
  ASSERT_NE(second, nullptr);
  ASSERT_EQ(second->certificates.size(), 2u);
  EXPECT_EQ(second->certificates[1].certificate.key_kind(), crypto::KeyKind::ec);

  // What the PKI offers as bad is refused by the directory where the directory can tell.
  const auto with = [&](const std::string& name, const std::string& use) {
    write(scratch.path() / "config/bad.toml",
          sender("[[organisation.certificate]]\nfile = \"../certs/pki/" + name + "\"\nuse = \"" +
                 use + "\"\n"));
    const auto bad = lookup::load_directory_file((scratch.path() / "config/bad.toml").string());
    return bad ? std::string("accepted") : bad.error().detail;
  };
  EXPECT_THAT(with("bad-usage-cipher.cert.pem", "cipher"), HasSubstr("key usage"));
  EXPECT_THAT(with("bad-usage-signature.cert.pem", "signature"), HasSubstr("key usage"));
  EXPECT_THAT(with("dortmund-signature.cert.pem", "cipher"), HasSubstr("key usage"));
  EXPECT_THAT(with("dortmund-cipher.p12", "cipher"), HasSubstr("private key"));
  EXPECT_THAT(with("dortmund-cipher.key.pem", "cipher"), HasSubstr("private key"));
  EXPECT_THAT(with("chain.pem", "cipher"), HasSubstr("CA's certificate"));
  EXPECT_EQ(with("bad-expired-cipher.cert.pem", "cipher"), "accepted");
}

} // namespace
