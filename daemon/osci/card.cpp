#include "base/encoding.h"
#include "crypto/ocsp.h"
#include "crypto/timestamp.h"
#include "osci/compose.h"
#include "osci/stamps.h"
#include "seal/names.h"
#include "xml/writer.h"

namespace osci {

namespace ns = seal::ns;
using base::ErrorCode;
using base::fail;

namespace {

std::string_view to_text(mailbox::MathResult value) {
  switch (value) {
  case mailbox::MathResult::ok:
    return "ok";
  case mailbox::MathResult::corrupted:
    return "corrupted";
  case mailbox::MathResult::indeterminate:
    return "indeterminate";
  }
  return {};
}

std::string_view to_text(mailbox::OfflineResult value) {
  switch (value) {
  case mailbox::OfflineResult::valid:
    return "valid";
  case mailbox::OfflineResult::invalid:
    return "invalid";
  case mailbox::OfflineResult::indeterminate:
    return "indeterminate";
  }
  return {};
}

std::string plain_time(const seal::Context& c, const char* name, base::Instant at) {
  return element(c.osci(name), element(c.osci("Plain"), base::format_datetime(at)));
}

// 8.4: the token alone stands on the wire; its own time is the attested one.
std::string time(const seal::Context& c, const char* name, base::Instant at,
                 const std::string& token) {
  if (token.empty()) return plain_time(c, name, at);
  return element(c.osci(name), element(c.osci("Cryptographic"),
                                       " Algorithm=\"" + std::string(kTimestampAlgorithm) + "\"",
                                       base::base64_encode(token)));
}

// The child is called OCSP, whatever the schema says (16 no. 2). Absent: nobody was asked, or
// nobody answered.
std::string online_element(const seal::Context& c,
                           const std::optional<mailbox::OnlineResult>& online) {
  if (!online) return {};
  std::string evidence;
  if (!online->ocsp.empty()) evidence += element(c.osci("OCSP"), base::base64_encode(online->ocsp));
  if (online->crl) evidence += element(c.osci("CRL"), base::format_datetime(*online->crl));
  return element(c.osci("OnlineResult"),
                 std::string(" Result=\"") + (online->revoked ? "revoked" : "ok") + "\"", evidence);
}

// 8.5, in schema order.
std::string inspection_element(const seal::Context& c, const mailbox::Inspection& inspection) {
  const auto result = [&](const char* name, std::string_view attribute, std::string_view value) {
    return element(c.osci(name), " " + std::string(attribute) + "=\"" + std::string(value) + "\"",
                   "");
  };
  return element(c.osci("Inspection"),
                 plain_time(c, "Timestamp", inspection.at) +
                     element(c.osci("X509SubjectName"), xml::escape_text(inspection.subject)) +
                     element(c.osci("X509IssuerName"), xml::escape_text(inspection.issuer)) +
                     element(c.osci("X509SerialNumber"), inspection.serial) +
                     result("CertType", "Type", "unknown") +
                     result("MathResult", "Result", to_text(inspection.math)) +
                     result("OfflineResult", "Result", to_text(inspection.offline)) +
                     online_element(c, inspection.online));
}

// A token gives its own time, believed as the rest of the signed card; `token` keeps it for whoever
// wants to verify it. Any algorithm is tried as RFC 3161, the only one there is.
base::Result<base::Instant> read_time(const xml::Element& stamp, ErrorCode broken,
                                      std::string* token = nullptr) {
  const auto kinds = stamp.children();
  if (kinds.size() == 1 && kinds[0].is(ns::osci, "Cryptographic")) {
    auto bytes = base::base64_decode(kinds[0].text().value_or(""));
    if (!bytes) return fail(broken, "time stamp is not base64");
    const auto at = crypto::stated_time(*bytes);
    if (!at) return fail(broken, "time stamp is no RFC 3161 token");
    if (token) *token = std::move(*bytes);
    return *at;
  }
  if (kinds.size() != 1 || !kinds[0].is(ns::osci, "Plain"))
    return fail(broken, "time stamp is neither plain nor cryptographic");
  const auto at = base::parse_datetime(base::trim(kinds[0].text().value_or("")));
  if (!at) return fail(broken, "time stamp is no dateTime");
  return *at;
}

// Both spellings of the response's element are read (16 no. 2).
base::Result<mailbox::OnlineResult> read_online(const xml::Element& element, ErrorCode broken) {
  mailbox::OnlineResult out;
  const auto result = element.attribute("Result").value_or("");
  if (result != "ok" && result != "revoked") return fail(broken, "OnlineResult without result");
  out.revoked = result == "revoked";
  for (const auto& child : element.children()) {
    const auto text = child.text().value_or("");
    if (child.is(ns::osci, "OCSP") || child.is(ns::osci, "OSCP")) {
      auto bytes = base::base64_decode(text);
      if (!bytes || bytes->size() > crypto::kMaxOcspResponse)
        return fail(broken, "OCSP evidence cannot be read");
      out.ocsp = std::move(*bytes);
    } else if (child.is(ns::osci, "CRL")) {
      const auto at = base::parse_datetime(base::trim(text));
      if (!at) return fail(broken, "time of the CRL is no dateTime");
      out.crl = *at;
    }
  }
  return out;
}

base::Result<mailbox::Inspection> read_inspection(const xml::Element& element, ErrorCode broken) {
  mailbox::Inspection out;
  for (const auto& child : element.children()) {
    const auto text = child.text().value_or("");
    const auto result = child.attribute("Result").value_or("");
    if (child.is(ns::osci, "Timestamp")) {
      const auto at = read_time(child, broken);
      if (at) out.at = *at;
    } else if (child.is(ns::osci, "X509SubjectName")) {
      out.subject = text;
    } else if (child.is(ns::osci, "X509IssuerName")) {
      out.issuer = text;
    } else if (child.is(ns::osci, "X509SerialNumber")) {
      out.serial = text;
    } else if (child.is(ns::osci, "MathResult")) {
      out.math = result == "ok"          ? mailbox::MathResult::ok
                 : result == "corrupted" ? mailbox::MathResult::corrupted
                                         : mailbox::MathResult::indeterminate;
    } else if (child.is(ns::osci, "OfflineResult")) {
      out.offline = result == "valid"     ? mailbox::OfflineResult::valid
                    : result == "invalid" ? mailbox::OfflineResult::invalid
                                          : mailbox::OfflineResult::indeterminate;
    } else if (child.is(ns::osci, "OnlineResult")) {
      auto online = read_online(child, broken);
      if (!online) return online.error();
      out.online = std::move(*online);
    }
  }
  return out;
}

} // namespace

std::string bundle(const seal::Context& c, const char* name, const mailbox::ProcessCard& card,
                   Stamps stamps) {
  std::string times = time(c, "Creation", card.creation, card.creation_token);
  if (stamps != Stamps::creation && card.forwarding)
    times += plain_time(c, "Forwarding", *card.forwarding);
  if (stamps == Stamps::all && card.reception)
    times += time(c, "Reception", *card.reception, card.reception_token);
  if (card.subject) times += element(c.osci("Subject"), xml::escape_text(*card.subject));
  std::string inspections;
  for (const auto& one : card.inspections) inspections += inspection_element(c, one);
  return element(c.osci(name), message_id_element(c, card.message_id) +
                                   element(c.osci("ProcessCard"),
                                           " RecentModification=\"" +
                                               base::format_datetime(card.modification) + "\"",
                                           times) +
                                   element(c.osci("InspectionReport"), inspections));
}

base::Result<mailbox::ProcessCard> read_bundle(const xml::Element& bundle, ErrorCode broken) {
  mailbox::ProcessCard out;
  for (const auto& child : bundle.children()) {
    if (child.is(ns::osci, "MessageId")) {
      auto id = read_message_id(child, broken);
      if (!id) return id.error();
      out.message_id = std::move(*id);
    } else if (child.is(ns::osci, "ProcessCard")) {
      if (const auto at = base::parse_datetime(child.attribute("RecentModification").value_or("")))
        out.modification = *at;
      for (const auto& stamp : child.children()) {
        if (stamp.is(ns::osci, "Subject")) {
          out.subject = stamp.text().value_or("");
          continue;
        }
        std::string token;
        const auto at = read_time(stamp, broken, &token);
        if (!at) return at.error();
        if (stamp.is(ns::osci, "Creation")) {
          out.creation = *at;
          out.creation_token = std::move(token);
        } else if (stamp.is(ns::osci, "Forwarding")) {
          out.forwarding = *at;
        } else if (stamp.is(ns::osci, "Reception")) {
          out.reception = *at;
          out.reception_token = std::move(token);
        } else {
          return fail(broken, "unexpected child of ProcessCard");
        }
      }
    } else if (child.is(ns::osci, "InspectionReport")) {
      for (const auto& inspection : child.children()) {
        if (!inspection.is(ns::osci, "Inspection") || out.inspections.size() == 512)
          return fail(broken, "unexpected child of InspectionReport");
        auto read = read_inspection(inspection, broken);
        if (!read) return read.error();
        out.inspections.push_back(std::move(*read));
      }
    } else {
      return fail(broken, "unexpected child of ProcessCardBundle");
    }
  }
  return out;
}

} // namespace osci
