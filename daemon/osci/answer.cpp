#include "base/encoding.h"
#include "osci/compose.h"
#include "osci/message.h"
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

// 8.5, in schema order. OnlineResult is absent: revocation is not checked, so nothing is claimed.
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
                     result("OfflineResult", "Result", to_text(inspection.offline)));
}

enum class Stamps { creation, forwarding, all };

// 8.1: which times a card may show depends on the message that carries it.
std::string bundle(const seal::Context& c, const mailbox::ProcessCard& card, Stamps stamps) {
  std::string times = plain_time(c, "Creation", card.creation);
  if (stamps != Stamps::creation && card.forwarding)
    times += plain_time(c, "Forwarding", *card.forwarding);
  if (stamps == Stamps::all && card.reception) times += plain_time(c, "Reception", *card.reception);
  if (card.subject) times += element(c.osci("Subject"), xml::escape_text(*card.subject));
  std::string inspections;
  for (const auto& one : card.inspections) inspections += inspection_element(c, one);
  return element(
      c.osci("ProcessCardBundle"),
      message_id_element(c, card.message_id) +
          element(c.osci("ProcessCard"),
                  " RecentModification=\"" + base::format_datetime(card.modification) + "\"",
                  times) +
          element(c.osci("InspectionReport"), inspections));
}

std::string feedback_element(const seal::Context& c, const std::vector<FeedbackEntry>& entries) {
  std::string out;
  for (const auto& entry : entries)
    out += element(c.osci("Entry"), " xml:lang=\"" + xml::escape_attribute(entry.language) + "\"",
                   element(c.osci("Code"), xml::escape_text(entry.code)) +
                       element(c.osci("Text"), xml::escape_text(entry.text)));
  return element(c.osci("Feedback"), out);
}

base::Error malformed(const char* rule) {
  return fail(ErrorCode::malformed_message, rule);
}

base::Result<std::vector<FeedbackEntry>> read_feedback(const xml::Element& feedback) {
  std::vector<FeedbackEntry> out;
  for (const auto& entry : feedback.children()) {
    if (!entry.is(ns::osci, "Entry") || out.size() == 256) return malformed("Feedback entry");
    FeedbackEntry read;
    read.language = entry.attribute(ns::xml, "lang").value_or("");
    for (const auto& child : entry.children()) {
      if (child.is(ns::osci, "Code"))
        read.code = std::string(base::trim(child.text().value_or("")));
      else if (child.is(ns::osci, "Text"))
        read.text = child.text().value_or("");
      else
        return malformed("unexpected child of Entry");
    }
    if (read.code.size() != 4) return malformed("Feedback without code");
    out.push_back(std::move(read));
  }
  if (out.empty()) return malformed("empty Feedback");
  return out;
}

base::Result<base::Instant> read_time(const xml::Element& stamp) {
  const auto kinds = stamp.children();
  if (kinds.size() != 1 || !kinds[0].is(ns::osci, "Plain"))
    return malformed("time stamp is not plain");
  return base::parse_datetime(base::trim(kinds[0].text().value_or("")));
}

base::Result<mailbox::Inspection> read_inspection(const xml::Element& element) {
  mailbox::Inspection out;
  for (const auto& child : element.children()) {
    const auto text = child.text().value_or("");
    const auto result = child.attribute("Result").value_or("");
    if (child.is(ns::osci, "Timestamp")) {
      const auto at = read_time(child);
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
    }
  }
  return out;
}

base::Result<mailbox::ProcessCard> read_bundle(const xml::Element& bundle) {
  mailbox::ProcessCard out;
  for (const auto& child : bundle.children()) {
    if (child.is(ns::osci, "MessageId")) {
      auto id = read_message_id(child, ErrorCode::malformed_message);
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
        const auto at = read_time(stamp);
        if (!at) return at.error();
        if (stamp.is(ns::osci, "Creation"))
          out.creation = *at;
        else if (stamp.is(ns::osci, "Forwarding"))
          out.forwarding = *at;
        else if (stamp.is(ns::osci, "Reception"))
          out.reception = *at;
        else
          return malformed("unexpected child of ProcessCard");
      }
    } else if (child.is(ns::osci, "InspectionReport")) {
      for (const auto& inspection : child.children()) {
        if (!inspection.is(ns::osci, "Inspection") || out.inspections.size() == 512)
          return malformed("unexpected child of InspectionReport");
        auto read = read_inspection(inspection);
        if (!read) return read.error();
        out.inspections.push_back(std::move(*read));
      }
    } else {
      return malformed("unexpected child of ProcessCardBundle");
    }
  }
  return out;
}

base::Error read_fault(const xml::Element& body) {
  std::string code, text;
  const auto faults = body.children();
  if (faults.size() == 1 && faults[0].is(ns::soap, "Fault")) {
    for (const auto& child : faults[0].children()) {
      if (child.name() == "faultstring") text = child.text().value_or("");
      if (child.name() == "detail")
        for (const auto& one : child.children())
          if (one.is(ns::osci, "Code")) code = std::string(base::trim(one.text().value_or("")));
    }
  }
  if (code.size() != 4) return malformed("neither an answer nor a SOAP fault");
  return fail(ErrorCode::peer_fault, code + " " + text.substr(0, 500));
}

// Table 1.3, answers.
base::Result<> check_control(const Answer& answer) {
  const auto& control = answer.control;
  if (!control.response || !control.conversation_id) return malformed("ControlBlock incomplete");
  if (answer.to == MessageType::init_dialog) {
    if (control.sequence_number || !control.challenge)
      return malformed("ControlBlock of InitDialog");
    return {};
  }
  if (!control.sequence_number) return malformed("ControlBlock without SequenceNumber");
  if (answer.to == MessageType::exit_dialog && control.challenge)
    return malformed("Challenge after the end of the dialog");
  return {};
}

} // namespace

bool Answer::executed() const {
  return !feedback.empty() && !feedback.front().code.empty() && feedback.front().code[0] != '9';
}

seal::Draft encode_answer(const Answer& answer, const Identity& identity, bool is_signed) {
  seal::Draft draft;
  draft.direction = seal::Direction::answer;
  draft.type = "ResponseTo" + std::string(type_name(answer.to));
  if (answer.content) draft.context = answer.content->context;
  const seal::Context& c = draft.context;
  draft.blocks.push_back(control_block(c, answer.control));
  const std::string feedback = feedback_element(c, answer.feedback);

  switch (answer.to) {
  case MessageType::init_dialog:
    draft.body = element(c.osci("responseToInitDialog"), feedback);
    break;
  case MessageType::exit_dialog:
    draft.body = element(c.osci("responseToExitDialog"), feedback);
    break;
  case MessageType::get_message_id:
    draft.body =
        element(c.osci("responseToGetMessageId"),
                feedback + (answer.message_id ? message_id_element(c, *answer.message_id) : ""));
    break;
  case MessageType::fetch_process_card: {
    std::string content =
        feedback + element(c.osci("fetchProcessCard"), selection_elements(c, answer.selection));
    for (const auto& card : answer.cards) content += bundle(c, card, Stamps::all);
    draft.body = element(c.osci("responseToFetchProcessCard"), content);
    break;
  }
  case MessageType::store_delivery: {
    std::string content = feedback;
    if (!answer.cards.empty()) content += bundle(c, answer.cards.front(), Stamps::creation);
    draft.blocks.push_back({"responsetostoredelivery",
                            block(c, c.osci("responseToStoreDelivery"), "responsetostoredelivery",
                                  "", "", ns::actor_next, content)});
    break;
  }
  case MessageType::fetch_delivery: {
    std::string content =
        feedback + element(c.osci("fetchDelivery"), selection_elements(c, answer.selection));
    if (!answer.cards.empty()) content += bundle(c, answer.cards.front(), Stamps::forwarding);
    draft.blocks.push_back({"responsetofetchdelivery",
                            block(c, c.osci("responseToFetchDelivery"), "responsetofetchdelivery",
                                  "", "", ns::actor_next, content)});
    break;
  }
  }
  if (is_signed) {
    const std::string id = certificate_id("intermed_signature", identity.signature_certificate);
    draft.blocks.push_back({"intermediarycertificates",
                            block(c, c.osci("IntermediaryCertificates"), "intermediarycertificates",
                                  "", "", ns::actor_none,
                                  certificate_element(c, "SignatureCertificateIntermediary", id,
                                                      identity.signature_certificate))});
  }
  if (answer.content) {
    if (!answer.content->certificates.empty())
      draft.blocks.push_back({answer.content->certificates_id, answer.content->certificates});
    draft.body = answer.content->body;
    draft.attachments = answer.content->attachments;
  }
  draft.blocks.push_back(feature_description(c));
  if (answer.content)
    for (const auto& header : answer.content->custom_headers)
      draft.blocks.push_back({header.id, header.canonical});
  return draft;
}

base::Result<Answer> decode_answer(const seal::Message& message, bool signature_required) {
  if (message.type().empty()) return read_fault(message.unverified().body().element);
  const auto verified = message.verified(signature_required);
  if (!verified) return verified.error();
  const auto type = answer_type(message.type());
  if (!type) return malformed("not an answer of the mailbox scenario");
  Answer out;
  out.to = *type;
  out.signer = verified->signer();

  std::string lower = base::to_lower_ascii(message.type());
  std::optional<xml::Element> special;
  bool control = false;
  for (const auto& block : verified->blocks()) {
    const auto& e = block.element;
    if (e.is(ns::osci, "ControlBlock")) {
      auto read = read_control_block(e, ErrorCode::malformed_message);
      if (!read) return read.error();
      out.control = std::move(*read);
      control = true;
    } else if (e.is(ns::osci, "IntermediaryCertificates")) {
      auto read = read_certificates(e, ErrorCode::malformed_message);
      if (!read) return read.error();
      for (auto& entry : *read)
        if (entry.role == "SignatureCertificateIntermediary")
          out.intermediary = std::move(entry.certificate);
    } else if (e.is(ns::osci, "NonIntermediaryCertificates")) {
      auto read = read_certificates(e, ErrorCode::malformed_message);
      if (!read) return read.error();
      out.certificates = std::move(*read);
      if (!out.content) out.content.emplace();
      out.content->certificates = block.canonical;
      out.content->certificates_id = block.id;
    } else if (e.is(ns::osci2017, "FeatureDescription")) {
      out.features = read_features(&e);
    } else if (e.namespace_uri() == ns::osci && base::to_lower_ascii(e.name()) == lower) {
      special = e;
    } else if (e.namespace_uri() == ns::osci || e.namespace_uri() == ns::soap) {
      return malformed("unexpected header block in the answer");
    } else {
      if (!out.content) out.content.emplace();
      out.content->custom_headers.push_back(CustomHeader{block.id, block.canonical});
    }
  }
  if (!control) return malformed("no ControlBlock");
  if (const auto ok = check_control(out); !ok) return ok.error();

  const auto body = verified->body().element.children();
  const bool delivery_type =
      *type == MessageType::store_delivery || *type == MessageType::fetch_delivery;
  if (!delivery_type) {
    if (body.size() != 1 || body[0].namespace_uri() != ns::osci ||
        base::to_lower_ascii(body[0].name()) != lower)
      return malformed("Body does not fit the answer type");
    special = body[0];
  }
  if (!special) return malformed("message block missing");
  for (const auto& child : special->children()) {
    if (child.is(ns::osci, "Feedback")) {
      auto read = read_feedback(child);
      if (!read) return read.error();
      out.feedback = std::move(*read);
    } else if (child.is(ns::osci, "MessageId") && *type == MessageType::get_message_id) {
      auto id = read_message_id(child, ErrorCode::malformed_message);
      if (!id) return id.error();
      out.message_id = std::move(*id);
    } else if (child.is(ns::osci, "ProcessCardBundle")) {
      auto card = read_bundle(child);
      if (!card) return card.error();
      out.cards.push_back(std::move(*card));
    } else if (child.is(ns::osci, "fetchDelivery") || child.is(ns::osci, "fetchProcessCard")) {
      auto echo = read_selection(child.children(), child.name() == "fetchProcessCard",
                                 ErrorCode::malformed_message);
      if (!echo) return echo.error();
      out.selection = std::move(*echo);
    } else {
      return malformed("unexpected child of the answer");
    }
  }
  if (out.feedback.empty()) return malformed("answer without Feedback");
  if (*type == MessageType::fetch_delivery && !body.empty() && !body[0].children().empty()) {
    if (body.size() != 1 || !body[0].is(ns::osci, "ContentPackage"))
      return malformed("Body is not a ContentPackage");
    const auto context = seal::Context::from_scope(verified->body().element.namespaces_in_scope());
    if (!context) return malformed("namespace context");
    if (!out.content) out.content.emplace();
    out.content->context = *context;
    out.content->body = std::string(inside(verified->body().canonical));
    out.content->attachments = verified->attachments();
  } else if (*type != MessageType::fetch_delivery || out.cards.empty()) {
    out.content.reset();
  }
  return out;
}

} // namespace osci
