// Deliveries, dialogs and turns for tests of the mailbox port.
#pragma once
#include "mailbox/store.h"
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace samples {

using Ids = std::vector<std::string>;

// The n-th second of a fixed day.
inline base::Instant at(std::int64_t seconds) {
  return base::Instant{base::Milliseconds{1'767'225'600'000 + seconds * 1000}};
}

// Octets without structure that no text function survives: zero bytes, no UTF-8, CR and LF.
inline std::string octets(std::size_t size, unsigned seed) {
  std::string out(size, '\0');
  std::uint32_t state = seed * 2654435761u + 1;
  for (auto& c : out) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

inline mailbox::NewDelivery delivery(const std::string& message_id, const std::string& mailbox,
                                     base::Instant creation) {
  mailbox::NewDelivery out;
  out.message_id = message_id;
  out.mailbox = mailbox;
  out.originator = "sender";
  out.request_digest = "digest of " + message_id;
  out.creation = creation;
  out.parts.push_back(
      {mailbox::PartKind::content, "", "", "", "<content>" + message_id + "</content>"});
  out.parts.push_back({mailbox::PartKind::certificates, "", "", "", "<certificates/>"});
  return out;
}

// Everything a delivery can have; the last attachment is larger than any threshold in the tests.
inline mailbox::NewDelivery rich_delivery(const std::string& message_id, const std::string& mailbox,
                                          base::Instant creation) {
  using mailbox::PartKind;
  auto out = delivery(message_id, mailbox, creation);
  out.subject = "Betreff äöü\n zweite Zeile";
  out.quality_of_reception = "cryptographic";
  out.creation_token = octets(1300, 5);
  out.context = "xmlns:osci=\"http://www.osci.de/2002/04/osci\" xmlns=\"\"";
  out.feedback = {"3500", "3701"};
  out.parts.push_back({PartKind::custom_header, "header-1", "", "", "<h Id=\"header-1\"/>"});
  out.parts.push_back({PartKind::custom_header, "header-2", "", "", ""});
  out.parts.push_back(
      {PartKind::attachment, "empty@sender", "text/plain; charset=\"utf-8\"", "", ""});
  out.parts.push_back({PartKind::attachment, "small@sender", "application/octet-stream",
                       "Content-Length: 1000\r\nContent-Description: x\r\n", octets(1000, 1)});
  out.parts.push_back(
      {PartKind::attachment, "large@sender", "application/pdf", "", octets(300'000, 2)});
  out.metadata = mailbox::MetaDataIndex{"urn:uuid:1",
                                        "urn:service",
                                        "antrag.0100",
                                        "urn:list",
                                        "WOHNGELD_DATA",
                                        "efa:010000000001",
                                        ""};
  mailbox::Inspection inspection;
  inspection.at = creation;
  inspection.role = "CipherCertificateAddressee";
  inspection.fingerprint = std::string(64, 'a');
  inspection.subject = "CN=Muster,C=DE";
  inspection.issuer = "CN=Test CA,C=DE";
  inspection.serial = "123456789012345678901234567890";
  inspection.math = mailbox::MathResult::ok;
  inspection.offline = mailbox::OfflineResult::valid;
  inspection.online = mailbox::OnlineResult{false, octets(2000, 4), std::nullopt};
  out.inspections.push_back(inspection);
  inspection.role = "SignatureCertificateOriginator";
  inspection.online = mailbox::OnlineResult{true, octets(2000, 4), creation};
  inspection.math = mailbox::MathResult::corrupted;
  inspection.offline = mailbox::OfflineResult::invalid;
  out.inspections.push_back(inspection);
  inspection.role = "OtherAuthor";
  inspection.online.reset();
  inspection.math = mailbox::MathResult::indeterminate;
  inspection.offline = mailbox::OfflineResult::indeterminate;
  out.inspections.push_back(inspection);
  return out;
}

inline mailbox::Dialog dialog(const std::string& conversation_id, const std::string& party,
                              base::Instant opened) {
  mailbox::Dialog out;
  out.conversation_id = conversation_id;
  out.party = party;
  out.cipher_certificate = octets(700, 3);
  out.signature_fingerprint = std::string(64, 'b');
  out.challenge = "challenge-0";
  out.opened = out.last_activity = opened;
  return out;
}

// The client's side of one explicit dialog: makes turns that fit.
class Conversation {
 public:
  Conversation(mailbox::Store& store, const std::string& conversation_id, const std::string& party,
               base::Instant opened)
      : id(conversation_id) {
    const auto opened_now = store.open_dialog(dialog(id, party, opened), 1000);
    EXPECT_TRUE(opened_now.has_value());
  }

  // The turn that the dialog expects; it is expected again until advance().
  mailbox::DialogTurn turn(base::Instant now, const std::string& result = "fetched:") const {
    mailbox::DialogTurn out;
    out.conversation_id = id;
    out.sequence = sequence;
    out.challenge = "challenge-" + std::to_string(sequence);
    out.next_challenge = "challenge-" + std::to_string(sequence + 1);
    out.request_digest = "request-" + std::to_string(sequence);
    out.result = result;
    out.now = now;
    return out;
  }

  // For a request that succeeds.
  mailbox::DialogTurn next(base::Instant now, const std::string& result = "fetched:") {
    auto out = turn(now, result);
    ++sequence;
    return out;
  }

  std::string id;
  std::uint32_t sequence = 0;
};

inline mailbox::FetchSelection oldest(std::vector<std::string> mailboxes) {
  mailbox::FetchSelection out;
  out.mailboxes = std::move(mailboxes);
  return out;
}

inline mailbox::FetchSelection by_id(std::vector<std::string> mailboxes, std::string message_id) {
  auto out = oldest(std::move(mailboxes));
  out.rule = mailbox::FetchRule::message_id;
  out.message_id = std::move(message_id);
  return out;
}

inline mailbox::FetchSelection since(std::vector<std::string> mailboxes, base::Instant creation) {
  auto out = oldest(std::move(mailboxes));
  out.rule = mailbox::FetchRule::since;
  out.since = creation;
  return out;
}

template <class T>
base::ErrorCode code_of(const base::Result<T>& result) {
  EXPECT_TRUE(result.has_error());
  return result.has_error() ? result.error().code : base::ErrorCode::internal;
}

// Message id of what was fetched; "-" for nothing; the error's name for a failure.
inline std::string id_of(const base::Result<mailbox::Fetched>& fetched) {
  if (!fetched) return std::string(base::to_string(fetched.error().code));
  return fetched->delivery ? fetched->delivery->card.message_id : "-";
}

inline std::vector<std::string> ids_of(const base::Result<mailbox::CardPage>& page) {
  std::vector<std::string> out;
  if (!page) return {std::string(base::to_string(page.error().code))};
  for (const auto& card : page->cards) out.push_back(card.message_id);
  return out;
}

inline void expect_same_parts(const std::vector<mailbox::Part>& got,
                              const std::vector<mailbox::Part>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE("part " + std::to_string(i));
    EXPECT_EQ(got[i].kind, expected[i].kind);
    EXPECT_EQ(got[i].name, expected[i].name);
    EXPECT_EQ(got[i].content_type, expected[i].content_type);
    EXPECT_EQ(got[i].headers, expected[i].headers);
    EXPECT_TRUE(got[i].bytes == expected[i].bytes) << "other octets";
  }
}

inline void expect_same_card(const mailbox::ProcessCard& got,
                             const mailbox::ProcessCard& expected) {
  EXPECT_EQ(got.message_id, expected.message_id);
  EXPECT_EQ(got.creation, expected.creation);
  EXPECT_EQ(got.forwarding, expected.forwarding);
  EXPECT_EQ(got.reception, expected.reception);
  EXPECT_EQ(got.modification, expected.modification);
  EXPECT_EQ(got.subject, expected.subject);
  ASSERT_EQ(got.inspections.size(), expected.inspections.size());
  for (std::size_t i = 0; i < got.inspections.size(); ++i) {
    SCOPED_TRACE("inspection " + std::to_string(i));
    const auto& a = got.inspections[i];
    const auto& b = expected.inspections[i];
    EXPECT_EQ(a.at, b.at);
    EXPECT_EQ(a.role, b.role);
    EXPECT_EQ(a.fingerprint, b.fingerprint);
    EXPECT_EQ(a.subject, b.subject);
    EXPECT_EQ(a.issuer, b.issuer);
    EXPECT_EQ(a.serial, b.serial);
    EXPECT_EQ(a.math, b.math);
    EXPECT_EQ(a.offline, b.offline);
    ASSERT_EQ(a.online.has_value(), b.online.has_value());
    if (!a.online) continue;
    EXPECT_EQ(a.online->revoked, b.online->revoked);
    EXPECT_TRUE(a.online->ocsp == b.online->ocsp) << "other octets";
    EXPECT_EQ(a.online->crl, b.online->crl);
  }
  EXPECT_TRUE(got.creation_token == expected.creation_token);
  EXPECT_TRUE(got.reception_token == expected.reception_token);
}

} // namespace samples
