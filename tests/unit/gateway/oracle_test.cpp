// xmlsec1 as an independent judge of our signatures.
#include "base/encoding.h"
#include "support/intermediary.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace {

using osci::MessageType;

std::string inner_xml(const std::string& wire, const crypto::KeyPair& key) {
  base::SystemRandom random;
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  const auto message = seal::open(wire, "", {key}, options, random);
  const auto begin = message->plain().find("<soap:Envelope"),
             end = message->plain().find("</soap:Envelope>");
  return message->plain().substr(begin, end + 16 - begin);
}

// 0: the signature is valid.
int verdict(const std::string& xml) {
  const auto file =
      std::filesystem::temp_directory_path() /
      ("dc-oracle-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
       std::to_string(reinterpret_cast<std::uintptr_t>(&xml)) + ".xml");
  std::ofstream(file) << xml;
  std::string command = "xmlsec1 --verify --pubkey-cert-pem " + support::captures_folder() +
                        "/keys/intermed_sign.cert.pem";
  for (const char* element : {"http://www.osci.de/2002/04/osci:ControlBlock",
                              "http://www.osci.de/2002/04/osci:IntermediaryCertificates",
                              "http://www.osci.de/2002/04/osci:NonIntermediaryCertificates",
                              "http://www.osci.de/2002/04/osci:responseToFetchDelivery",
                              "http://xoev.de/transport/osci12/7:FeatureDescription",
                              "http://schemas.xmlsoap.org/soap/envelope/:Body"})
    command += std::string(" --id-attr:Id ") + element;
  // Only the SupplierSignature is judged; KeyInfo names a certificate by an OSCI convention.
  command +=
      " --node-xpath \"//*[local-name()='SupplierSignature']/*[local-name()='Signature']\" " +
      file.string() + " >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  std::filesystem::remove(file);
  return status;
}

TEST(IndependentOracle, AcceptsOurAnswersAndRefusesChangedOnes) {
  ASSERT_EQ(std::system("xmlsec1 --version >/dev/null 2>&1"), 0) << "install xmlsec1";
  support::Intermediary intermediary;
  const support::Party sender("sender"), recipient("recipient");
  const auto id = intermediary.ids().issue(intermediary.clock.now(), intermediary.random);
  ASSERT_TRUE(
      sender.open(intermediary.post(sender.seal(sender.delivery(id, "Antrag")))).executed());
  support::Dialog dialog(intermediary, recipient);
  const auto request = dialog.next(MessageType::fetch_delivery);
  const auto xml = inner_xml(intermediary.post(recipient.seal(request)), recipient.cipher);
  EXPECT_EQ(verdict(xml), 0);
  auto changed = xml;
  const auto at = changed.find("<osci:Base64Content");
  changed.insert(changed.find('>', at) + 1, "A");
  EXPECT_NE(verdict(changed), 0);
}

} // namespace
