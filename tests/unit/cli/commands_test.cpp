#include "cli/commands.h"
#include "cli/http_transport.h"
#include "cli/letter.h"
#include "cli/metadata.h"
#include "cli/settings.h"
#include "osci/feedback.h"
#include "support/keys.h"
#include "support/metadata.h"
#include "temporary_folder.h"
#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using namespace cli;

TEST(ExitCode, TellsKindsOfFailureApart) {
  EXPECT_EQ(exit_code(ErrorCode::invalid_config), ExitCode::usage);
  EXPECT_EQ(exit_code(ErrorCode::key_error), ExitCode::key);
  EXPECT_EQ(exit_code(ErrorCode::timed_out), ExitCode::network);
  EXPECT_EQ(exit_code(ErrorCode::overloaded), ExitCode::network);
  EXPECT_EQ(exit_code(ErrorCode::peer_fault), ExitCode::refused);
  EXPECT_EQ(exit_code(ErrorCode::undecryptable), ExitCode::unverified);
  EXPECT_EQ(exit_code(ErrorCode::encryption_required), ExitCode::unverified);
  EXPECT_EQ(exit_code(ErrorCode::not_found), ExitCode::not_found);
  EXPECT_EQ(exit_code(ErrorCode::file_error), ExitCode::file);
  EXPECT_EQ(exit_code(ErrorCode::storage_failure), ExitCode::internal);
}

TEST(Explain, TellsWhatToDoAboutEveryCodeOfThisIntermediary) {
  for (const auto& row : osci::outcomes())
    if (!row.osci_code.empty()) {
      EXPECT_FALSE(advice(row.osci_code).empty()) << row.osci_code;
    }
  const auto text = explain(base::fail(ErrorCode::peer_fault, "9805 not\x1b[2J accepted"));
  EXPECT_NE(text.find("9805"), std::string::npos);
  EXPECT_NE(text.find("--to"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(HttpAnswers, BecomeRepliesOrErrorsByTheirStatus) {
  EXPECT_EQ(reply_from({200, "text/xml", "x"}).value().body, "x");
  EXPECT_EQ(reply_from({500, "text/xml", "<soap:Envelope>"}).value().body, "<soap:Envelope>");
  EXPECT_EQ(reply_from({500, "text/html", "<html>"}).error().code, ErrorCode::peer_fault);
  EXPECT_EQ(reply_from({503, "", ""}).error().code, ErrorCode::overloaded);
  EXPECT_EQ(reply_from({502, "", ""}).error().code, ErrorCode::network);
  EXPECT_EQ(reply_from({413, "", ""}).error().code, ErrorCode::peer_fault);
  EXPECT_EQ(reply_from({301, "", ""}).error().code, ErrorCode::peer_fault);
}

TEST(MetaDataOptions, ComposeAHeaderOnlyWhenAskedTo) {
  base::SystemRandom random;
  const base::Instant now{std::chrono::hours{24 * 365 * 57}};
  const auto header = [&](const MetaDataOptions& o, const std::string& service = "urn:service") {
    return metadata_header(o, service, "wgb:059130000000", 1234, now, random);
  };
  EXPECT_FALSE(header({}).value());
  MetaDataOptions o;
  o.test = true; // must not become a real message for want of the rest
  EXPECT_EQ(header(o).error().code, ErrorCode::invalid_config);
  o.test = false;
  o.message_type = "antrag.0100";
  EXPECT_NE(header(o).error().detail.find("the author"), std::string::npos);
  o.author = "efa:010000000001";
  EXPECT_NE(header(o).error().detail.find("code list of the message type"), std::string::npos);
  o.message_type_list = "urn:example:types";
  o.message_type_version = "1";
  EXPECT_NE(header(o).error().detail.find("payload schema"), std::string::npos);
  o.payload_schema = "urn:example:schema";
  EXPECT_NE(header(o).error().detail.find("business scenario"), std::string::npos);
  o.scenario = "Wohnen";
  EXPECT_NE(header(o, "").error().detail.find("the service"), std::string::npos);
  const auto made = header(o).value();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->id, "MetaData");
  const auto read = osci::read_metadata(made->canonical).value();
  EXPECT_TRUE(read.findings.empty());
  EXPECT_EQ(read.reader.value, "wgb:059130000000");
  EXPECT_EQ(read.undefined_scenario, "Wohnen");
  EXPECT_EQ(read.size, 1234u);
  EXPECT_EQ(read.message_id.substr(0, 9), "urn:uuid:");
  EXPECT_EQ(read.message_id.size(), 45u);
  EXPECT_NE(read.message_id, osci::read_metadata(header(o).value()->canonical)->message_id);
  o.scenario_list = "urn:example:scenarios";
  EXPECT_NE(header(o).error().detail.find("version of the code list of the business scenario"),
            std::string::npos);
}

TEST(MetaDataOptions, TakeAReadyFile) {
  base::SystemRandom random;
  test::TemporaryFolder folder;
  MetaDataOptions o;
  o.file = folder.write("metadata.xml", support::kMetaDataSample);
  const auto made = metadata_header(o, "", "", 0, {}, random);
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ((*made)->canonical, osci::adopt_metadata(support::kMetaDataSample).value());
  o.file = folder.write("broken.xml", "<a/>");
  EXPECT_EQ(metadata_header(o, "", "", 0, {}, random).error().code, ErrorCode::invalid_config);
  o.file = folder / "missing.xml";
  EXPECT_EQ(metadata_header(o, "", "", 0, {}, random).error().code, ErrorCode::file_error);
}

TEST(SendOptions, ChunksFitIntoMemory) {
  CLI::App app;
  const auto command = add_send(app); // holds what the options are read into
  const auto problem = [&app](const std::string& size) {
    try {
      app.parse("send --chunk-size=" + size);
    } catch (const CLI::ValidationError& error) {
      return std::string(error.what());
    } catch (const CLI::ParseError&) {
    }
    return std::string(); // other options are missing, but not this
  };
  EXPECT_EQ(problem("64MiB"), "");
  for (const char* size : {"65MiB", "1TB", "18446744073709551615", "1023"})
    EXPECT_NE(problem(size).find("--chunk-size"), std::string::npos) << size;
}

TEST(Since, IsADayOrAnExactTime) {
  EXPECT_EQ(base::format_datetime(parse_since("2026-01-31").value()), "2026-01-31T00:00:00Z");
  EXPECT_EQ(base::format_datetime(parse_since("2026-01-31T01:00:00+01:00").value()),
            "2026-01-31T00:00:00Z");
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-01-31T00:00:00"})
    EXPECT_FALSE(parse_since(text)) << text;
}

TEST(Pin, ComesFromAFileOrTheEnvironment) {
  test::TemporaryFolder folder;
  const auto path = folder.write("pin", "geheim\r\nrest\n");
  EXPECT_EQ(read_pin(path, "").value(), "geheim");
  EXPECT_EQ(read_pin("", "").value(), "");
  ::setenv("DC_TEST_PIN", "aus der Umgebung", 1);
  EXPECT_EQ(read_pin("", "DC_TEST_PIN").value(), "aus der Umgebung");
  ::unsetenv("DC_TEST_PIN");
  EXPECT_EQ(read_pin("", "DC_TEST_PIN").error().code, ErrorCode::key_error);
  EXPECT_EQ(read_pin(folder / "missing", "").error().code, ErrorCode::file_error);
}

class Addressee : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  base::Instant now =
      support::key("recipient_cipher").certificate.not_before() + std::chrono::hours(1);
  std::string keys = support::captures_folder() + "/keys/";
  std::string directory = folder.write(
      "directory.toml",
      "[[organisation]]\nkey = \"wgb:059130000000\"\nname = \"Stadt\"\nmailbox = \"stadt\"\n"
      "[[organisation.certificate]]\nuse = \"cipher\"\nfile = \"" +
          keys + "recipient_cipher.cert.pem\"\n" +
          "[[organisation.service]]\nuri = \"urn:wohngeld\"\nname = \"Wohngeld\"\n" +
          "[[organisation]]\nkey = \"wgb:055540004004\"\nname = \"Kreis\"\nmailbox = false\n");
};

TEST_F(Addressee, IsNamedByACertificateOrByADirectoryEntry) {
  const auto& expected = support::key("recipient_cipher").certificate;
  EXPECT_EQ(addressee(keys + "recipient_cipher.cer", "", "", "", now).value(), expected);
  const auto listed = addressee("", "WGB059130000000", "urn:wohngeld", directory, now);
  ASSERT_TRUE(listed) << listed.error().detail;
  EXPECT_EQ(*listed, expected);
}

TEST_F(Addressee, MustExistOfferTheServiceAndHaveACurrentCertificate) {
  const auto code = [&](const std::string& cert, const std::string& to, const std::string& service,
                        base::Instant at) {
    const auto result = addressee(cert, to, service, to.empty() ? "" : directory, at);
    return result ? ErrorCode::internal : result.error().code;
  };
  EXPECT_EQ(code("", "wgb:000000000000", "", now), ErrorCode::not_found);
  EXPECT_EQ(code("", "wgb:059130000000", "urn:other", now), ErrorCode::not_found);
  EXPECT_EQ(code("", "wgb:055540004004", "", now), ErrorCode::not_found);
  EXPECT_EQ(code("", "nobody", "", now), ErrorCode::invalid_config);
  EXPECT_EQ(code("", "", "", now), ErrorCode::invalid_config);
  EXPECT_EQ(code(keys + "recipient_sign.cer", "", "", now), ErrorCode::key_error);
  EXPECT_EQ(code(keys + "recipient_cipher.cer", "", "", now - std::chrono::hours(24 * 400)),
            ErrorCode::key_error);
  EXPECT_EQ(code(keys + "recipient_cipher.key.pem", "", "", now), ErrorCode::key_error);
  EXPECT_EQ(code(keys + "missing.cer", "", "", now), ErrorCode::file_error);
  EXPECT_EQ(addressee("", "wgb:059130000000", "", "", now).error().code, ErrorCode::invalid_config);
}

TEST_F(Addressee, ListensWhereTheDirectorySays) {
  LetterOptions letter;
  letter.to = "wgb:059130000000";
  letter.directory = directory;
  const auto code = [&](const ReceiverOptions& o, bool required) {
    const auto uri = receiver_uri(o, letter, required);
    return uri ? ErrorCode::internal : uri.error().code;
  };
  EXPECT_EQ(receiver_uri({}, letter, false).value(), "");
  EXPECT_EQ(code({}, true), ErrorCode::invalid_config);
  EXPECT_EQ(receiver_uri({"http://a/", false}, letter, true).value(), "http://a/");
  EXPECT_EQ(code({"", true}, true), ErrorCode::not_found); // no endpoint yet
  letter.directory = folder.write(
      "push.toml", "[[organisation]]\nkey = \"wgb:059130000000\"\nname = \"Stadt\"\n"
                   "certificate = [{ file = \"" +
                       keys +
                       "recipient_cipher.cert.pem\", use = \"cipher\" }]\n"
                       "endpoint = [{ uri = \"http://b/osci\" }, { uri = \"http://c/osci\" }]\n");
  EXPECT_EQ(receiver_uri({"", true}, letter, true).value(), "http://b/osci");
  letter.to = "wgb:000000000000";
  EXPECT_EQ(code({"", true}, true), ErrorCode::not_found);
  letter.to.clear();
  EXPECT_EQ(code({"", true}, true), ErrorCode::invalid_config);
}

} // namespace
