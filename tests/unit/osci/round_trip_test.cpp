// Every message type of OSCI 1.2, both directions: what the encoders write is valid by the
// schemas, and the decoders read it back as it was meant.
#include "osci/message.h"
#include "support/keys.h"
#include "support/schemas.h"
#include <gtest/gtest.h>

namespace osci {
namespace {

using std::chrono::hours;

const base::Instant kNow{hours{24 * 365 * 57}};

RoleCertificate certificate(const char* role, const char* id, const char* key) {
  return {role, id, support::key(key).certificate};
}

mailbox::ProcessCard card(bool forwarded, bool received) {
  mailbox::ProcessCard out;
  out.message_id = "id-1";
  out.creation = kNow;
  out.modification = kNow + hours{2};
  if (forwarded) out.forwarding = kNow + hours{1};
  if (received) out.reception = kNow + hours{2};
  out.subject = "Antrag <1> & mehr";
  mailbox::Inspection inspection;
  inspection.at = kNow;
  inspection.subject = "CN=A,O=B & C";
  inspection.issuer = "CN=<CA>";
  inspection.serial = "123456789012345678901234567890";
  inspection.math = mailbox::MathResult::ok;
  inspection.offline = mailbox::OfflineResult::invalid;
  out.inspections = {inspection, inspection};
  return out;
}

void expect_same(const mailbox::ProcessCard& a, const mailbox::ProcessCard& b) {
  EXPECT_EQ(a.message_id, b.message_id);
  EXPECT_EQ(a.creation, b.creation);
  EXPECT_EQ(a.forwarding, b.forwarding);
  EXPECT_EQ(a.reception, b.reception);
  EXPECT_EQ(a.modification, b.modification);
  EXPECT_EQ(a.subject, b.subject);
  ASSERT_EQ(a.inspections.size(), b.inspections.size());
  for (std::size_t i = 0; i < a.inspections.size(); ++i) {
    EXPECT_EQ(a.inspections[i].at, b.inspections[i].at);
    EXPECT_EQ(a.inspections[i].subject, b.inspections[i].subject);
    EXPECT_EQ(a.inspections[i].issuer, b.inspections[i].issuer);
    EXPECT_EQ(a.inspections[i].serial, b.inspections[i].serial);
    EXPECT_EQ(a.inspections[i].math, b.inspections[i].math);
    EXPECT_EQ(a.inspections[i].offline, b.inspections[i].offline);
  }
}

void expect_same(const Selection& a, const Selection& b) {
  EXPECT_EQ(a.rule, b.rule);
  EXPECT_EQ(a.message_ids, b.message_ids);
  EXPECT_EQ(a.since, b.since);
  EXPECT_EQ(a.since_text, b.since_text);
  EXPECT_EQ(a.no_reception, b.no_reception);
  EXPECT_EQ(a.role, b.role);
  EXPECT_EQ(a.limit, b.limit);
}

void expect_same(const std::optional<ChunkInformation>& a,
                 const std::optional<ChunkInformation>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (!a) return;
  EXPECT_EQ(a->number, b->number);
  EXPECT_EQ(a->size, b->size);
  EXPECT_EQ(a->received, b->received);
  EXPECT_EQ(a->total_numbers, b->total_numbers);
  EXPECT_EQ(a->total_size, b->total_size);
}

Content content() {
  Content out;
  out.body =
      "<osci:ContentPackage><osci:ContentContainer Id=\"contentcontainer0\"><osci:Content>"
      "<osci:Base64Content Id=\"content0\">QUJD</osci:Base64Content></osci:Content><osci:Content "
      "Id=\"content1\" href=\"cid:d:/a b.txt\"></osci:Content></osci:ContentContainer>"
      "</osci:ContentPackage>";
  out.attachments = {{"d:/a b.txt", "text/plain", "X-Note: 1", "octets", false}};
  out.custom_headers = {{"meta", "<m:Meta xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" "
                                 "xmlns:m=\"urn:m\" xmlns:osci=\"http://www.osci.de/2002/04/osci\" "
                                 "xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" "
                                 "xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" "
                                 "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                                 "Id=\"meta\"><m:x>1</m:x></m:Meta>"}};
  return out;
}

Content chunk_content() {
  Content out;
  out.attachments = {
      {std::string(kChunkContentId), "application/octet-stream", "", "chunk", false}};
  return out;
}

// Closes a draft, opens it as its receiver does, and holds it against its schema.
seal::Message travel(const seal::Draft& draft) {
  static base::SystemRandom random;
  const auto wire = seal::close(draft, std::nullopt, std::nullopt, random);
  if (!wire) throw std::runtime_error(wire.error().detail);
  seal::OpenOptions options;
  options.direction = draft.direction;
  options.keep_xml = true;
  auto message = seal::open(*wire, "", {}, options, random);
  if (!message) throw std::runtime_error(message.error().detail);
  const auto valid = check_schema(*message, support::schemas());
  EXPECT_TRUE(valid) << draft.type << " " << valid.error().detail;
  return std::move(*message);
}

Request travel(const Request& request) {
  SCOPED_TRACE(type_name(request.type));
  const seal::Draft draft = encode_request(request);
  const auto message = travel(draft);
  EXPECT_EQ(message.type(), type_name(request.type));
  auto read = decode_request(message.unverified(), false);
  if (!read)
    throw std::runtime_error(std::string(type_name(request.type)) + " " + read.error().detail);
  EXPECT_EQ(read->type, request.type);
  EXPECT_EQ(read->control.conversation_id, request.control.conversation_id);
  EXPECT_EQ(read->control.sequence_number, request.control.sequence_number);
  EXPECT_EQ(read->control.response, request.control.response);
  EXPECT_EQ(read->control.challenge, request.control.challenge);
  EXPECT_EQ(read->languages, request.languages);
  EXPECT_EQ(read->receiver_uri, request.receiver_uri);
  EXPECT_EQ(read->message_id, request.message_id);
  EXPECT_EQ(read->reply_message_id, request.reply_message_id);
  EXPECT_EQ(read->subject, request.subject);
  EXPECT_EQ(read->quality_of_creation, request.quality_of_creation);
  EXPECT_EQ(read->quality_of_reception, request.quality_of_reception);
  EXPECT_EQ(read->info_only, request.info_only);
  expect_same(read->selection, request.selection);
  expect_same(read->chunk, request.chunk);
  EXPECT_EQ(read->content.body, request.content.body);
  EXPECT_EQ(read->content.attachments.size(), request.content.attachments.size());
  for (std::size_t i = 0; i < request.content.attachments.size(); ++i) {
    EXPECT_EQ(read->content.attachments[i].content_id, request.content.attachments[i].content_id);
    EXPECT_EQ(read->content.attachments[i].bytes, request.content.attachments[i].bytes);
    EXPECT_EQ(read->content.attachments[i].headers, request.content.attachments[i].headers);
  }
  EXPECT_EQ(read->content.custom_headers.size(), request.content.custom_headers.size());
  EXPECT_EQ(read->certificates.size(), request.certificates.size());
  for (const auto& one : request.certificates) {
    bool found = false;
    for (const auto& other : read->certificates)
      found |= other.role == one.role && other.id == one.id && other.certificate == one.certificate;
    EXPECT_TRUE(found) << one.role;
  }
  EXPECT_EQ(read->card.has_value(), request.card.has_value());
  if (read->card && request.card) expect_same(*read->card, *request.card);
  EXPECT_TRUE(read->features.present);
  // And once more: encoding what was read changes nothing.
  const seal::Draft again = encode_request(*read);
  EXPECT_EQ(again.body, draft.body);
  EXPECT_EQ(again.blocks.size(), draft.blocks.size());
  for (std::size_t i = 0; i < again.blocks.size() && i < draft.blocks.size(); ++i)
    EXPECT_EQ(again.blocks[i].canonical, draft.blocks[i].canonical) << draft.blocks[i].id;
  return std::move(*read);
}

Answer travel(const Answer& answer, const std::optional<ChunkLimits>& chunks = std::nullopt) {
  SCOPED_TRACE(type_name(answer.to));
  const Identity identity{support::key("intermed_sign").certificate, chunks};
  const seal::Draft draft = encode_answer(answer, identity, true);
  const auto message = travel(draft);
  EXPECT_EQ(message.type(), "ResponseTo" + std::string(type_name(answer.to)));
  auto read = decode_answer(message, false);
  if (!read)
    throw std::runtime_error(std::string(type_name(answer.to)) + " " + read.error().detail);
  EXPECT_EQ(read->to, answer.to);
  EXPECT_EQ(read->control.conversation_id, answer.control.conversation_id);
  EXPECT_EQ(read->control.sequence_number, answer.control.sequence_number);
  EXPECT_EQ(read->control.response, answer.control.response);
  EXPECT_EQ(read->control.challenge, answer.control.challenge);
  const auto same = [](const std::vector<FeedbackEntry>& a, const std::vector<FeedbackEntry>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].code, b[i].code);
      EXPECT_EQ(a[i].language, b[i].language);
      EXPECT_EQ(a[i].text, b[i].text);
    }
  };
  same(read->feedback, answer.feedback);
  same(read->inside_feedback, answer.inside_feedback);
  EXPECT_EQ(read->message_id, answer.message_id);
  EXPECT_EQ(read->subject, answer.subject);
  EXPECT_EQ(read->cards.size(), answer.cards.size());
  for (std::size_t i = 0; i < answer.cards.size() && i < read->cards.size(); ++i)
    expect_same(read->cards[i], answer.cards[i]);
  EXPECT_EQ(read->reply_card.has_value(), answer.reply_card.has_value());
  if (read->reply_card && answer.reply_card) expect_same(*read->reply_card, *answer.reply_card);
  expect_same(read->selection, answer.selection);
  expect_same(read->chunk, answer.chunk);
  if (chunks) {
    EXPECT_TRUE(read->features.chunks);
    EXPECT_EQ(read->features.chunks->max_chunk, chunks->max_chunk);
    EXPECT_EQ(read->features.chunks->timeout_seconds, chunks->timeout_seconds);
  }
  return std::move(*read);
}

Request request(MessageType type, bool in_dialog) {
  Request out;
  out.type = type;
  out.control.challenge = "Y2xpZW50";
  if (for_intermediary(type) && type != MessageType::init_dialog) out.control.sequence_number = 7;
  if (in_dialog) {
    out.control.conversation_id = "4711";
    out.control.response = "c2VydmVy";
  }
  out.languages = {"de", "en-GB"};
  return out;
}

Request delivery(MessageType type, bool in_dialog) {
  Request out = request(type, in_dialog);
  out.certificates = {certificate("CipherCertificateOriginator", "oc", "sender_cipher"),
                      certificate("CipherCertificateOtherAuthor", "ac1", "other_cipher"),
                      certificate("CipherCertificateAddressee", "rc", "recipient_cipher"),
                      certificate("CipherCertificateOtherReader", "rd1", "other_cipher"),
                      certificate("CipherCertificateOtherReader", "rd2", "recipient_cipher"),
                      certificate("SignatureCertificateOriginator", "os", "sender_sign"),
                      certificate("SignatureCertificateOtherAuthor", "as1", "other_sign")};
  out.content = content();
  return out;
}

TEST(RoundTrip, DialogRequests) {
  Request init = request(MessageType::init_dialog, false);
  init.certificates = {certificate("CipherCertificateOriginator", "oc", "sender_cipher"),
                       certificate("SignatureCertificateOriginator", "os", "sender_sign")};
  travel(init);
  travel(request(MessageType::exit_dialog, true));
  Request get = request(MessageType::get_message_id, false);
  get.certificates = {certificate("CipherCertificateOriginator", "oc", "sender_cipher")};
  travel(get);
  get.control.response = "c3RhbGU="; // of an earlier answer (7.3)
  travel(get);
  travel(request(MessageType::get_message_id, true));
}

TEST(RoundTrip, FetchRequestsWithEverySelection) {
  Request fetch = request(MessageType::fetch_delivery, true);
  fetch.certificates = {certificate("SignatureCertificateOriginator", "os", "recipient_sign")};
  travel(fetch);
  fetch.selection.rule = Selection::Rule::message_ids;
  fetch.selection.message_ids = {"id-1"};
  travel(fetch);
  fetch.selection = {};
  fetch.selection.rule = Selection::Rule::reception_of_delivery;
  fetch.selection.since = kNow;
  fetch.selection.since_text = base::format_datetime(kNow);
  travel(fetch);

  Request cards = request(MessageType::fetch_process_card, true);
  travel(cards);
  cards.selection.rule = Selection::Rule::message_ids;
  cards.selection.message_ids = {"id-1", "id-2", "id-3"};
  cards.selection.limit = 5;
  travel(cards);
  for (const auto rule :
       {Selection::Rule::reception_of_delivery, Selection::Rule::recent_modification})
    for (const auto role :
         {Selection::Role::any, Selection::Role::addressee, Selection::Role::originator}) {
      cards.selection = fetch.selection;
      cards.selection.rule = rule;
      cards.selection.role = role;
      cards.selection.no_reception = role != Selection::Role::any;
      travel(cards);
    }
}

TEST(RoundTrip, DeliveryRequests) {
  for (const bool in_dialog : {false, true}) {
    Request store = delivery(MessageType::store_delivery, in_dialog);
    store.message_id = "id-1";
    store.quality_of_reception = "cryptographic";
    travel(store);
    store.subject = "Antrag <1> & mehr";
    travel(store);
    Request forward = delivery(MessageType::forward_delivery, in_dialog);
    forward.certificates.push_back(
        certificate("SignatureCertificateAddressee", "sa", "recipient_sign"));
    forward.receiver_uri = "https://recipient.example/osci?a=1&b=2";
    forward.message_id = "id-1";
    travel(forward);
  }
  Request mediate = delivery(MessageType::mediate_delivery, true);
  mediate.receiver_uri = "https://recipient.example/osci";
  travel(mediate); // without protocol
  mediate.message_id = "id-1";
  mediate.subject = "Anfrage";
  travel(mediate);
}

TEST(RoundTrip, RequestsToAPassiveRecipient) {
  Request accept = delivery(MessageType::accept_delivery, false);
  accept.intermediary_cipher =
      certificate("CipherCertificateIntermediary", "ic", "intermed_cipher");
  accept.intermediary_signature =
      certificate("SignatureCertificateIntermediary", "is", "intermed_sign");
  accept.card = card(true, false);
  travel(accept);
  Request process = accept;
  process.type = MessageType::process_delivery;
  process.reply_message_id = "reply-1";
  travel(process);
  process.reply_message_id.reset();
  process.card.reset();
  travel(process);
}

TEST(RoundTrip, ChunkRequests) {
  Request store = request(MessageType::partial_store_delivery, true);
  store.certificates = {certificate("CipherCertificateOriginator", "oc", "sender_cipher"),
                        certificate("CipherCertificateAddressee", "rc", "recipient_cipher"),
                        certificate("SignatureCertificateOriginator", "os", "sender_sign")};
  store.message_id = "id-1_Partial";
  store.subject = "gross";
  store.content = chunk_content();
  store.chunk = ChunkInformation{2, 100, std::nullopt, 3, 284};
  travel(store);
  store.chunk.reset();
  store.content = {};
  store.info_only = true;
  travel(store);
  Request fetch = request(MessageType::partial_fetch_delivery, true);
  fetch.selection.rule = Selection::Rule::message_ids;
  fetch.selection.message_ids = {"id-1"};
  fetch.chunk = ChunkInformation{1, 100, std::vector<std::uint32_t>{}, std::nullopt, std::nullopt};
  travel(fetch);
  fetch.chunk->number = 3;
  fetch.chunk->received = std::vector<std::uint32_t>{1, 2};
  travel(fetch);
}

Answer answer(MessageType type, bool with_challenge = true) {
  Answer out;
  out.to = type;
  out.control.response = "Y2xpZW50";
  if (for_intermediary(type)) {
    out.control.conversation_id = "4711";
    if (type != MessageType::init_dialog) out.control.sequence_number = 7;
    if (with_challenge && type != MessageType::exit_dialog) out.control.challenge = "c2VydmVy";
  }
  out.feedback = {feedback_entry("0801", "de"), feedback_entry("3800", "en")};
  return out;
}

TEST(RoundTrip, AnswersWithoutContent) {
  travel(answer(MessageType::init_dialog), ChunkLimits{1, 1024, 1 << 20, 60});
  travel(answer(MessageType::exit_dialog));
  Answer id = answer(MessageType::get_message_id, false);
  id.message_id = "id-1";
  travel(id);
  id.message_id.reset();
  travel(id);
  Answer stored = answer(MessageType::store_delivery, false);
  travel(stored);
  stored.cards = {card(false, false)};
  travel(stored);
  Answer forwarded = answer(MessageType::forward_delivery, false);
  for (const bool received : {false, true}) {
    forwarded.cards = {card(received, received)};
    travel(forwarded);
  }
  Answer cards = answer(MessageType::fetch_process_card);
  travel(cards);
  cards.selection.rule = Selection::Rule::recent_modification;
  cards.selection.since = kNow;
  cards.selection.since_text = base::format_datetime(kNow);
  cards.selection.role = Selection::Role::originator;
  cards.selection.no_reception = true;
  cards.selection.limit = 3;
  cards.cards = {card(false, false), card(true, false), card(true, true)};
  travel(cards);
}

TEST(RoundTrip, AnswersWithContent) {
  Answer fetched = answer(MessageType::fetch_delivery);
  travel(fetched); // nothing there
  fetched.cards = {card(true, false)};
  fetched.content = content();
  const auto with = delivery(MessageType::store_delivery, false);
  fetched.content->certificates = certificates_block(
      fetched.content->context, fetched.content->certificates_id, with.certificates);
  const Answer read = travel(fetched);
  ASSERT_TRUE(read.content);
  EXPECT_EQ(read.content->body, fetched.content->body);
  EXPECT_EQ(read.content->certificates, fetched.content->certificates);
  ASSERT_EQ(read.content->attachments.size(), 1u);
  EXPECT_EQ(read.content->attachments[0].bytes, "octets");
  ASSERT_EQ(read.content->custom_headers.size(), 1u);
  EXPECT_EQ(read.content->custom_headers[0].canonical,
            fetched.content->custom_headers[0].canonical);

  Answer mediated = fetched;
  mediated.to = MessageType::mediate_delivery;
  mediated.cards = {card(true, true)};
  travel(mediated);
  mediated.reply_card = card(true, false);
  travel(mediated);
  mediated.cards.clear();
  mediated.reply_card.reset();
  travel(mediated); // without protocol
}

TEST(RoundTrip, AnswersOfAPassiveRecipient) {
  Answer accepted = answer(MessageType::accept_delivery);
  travel(accepted);
  accepted.certificates = {certificate("SignatureCertificateAddressee", "sa", "recipient_sign")};
  travel(accepted);
  Answer processed = answer(MessageType::process_delivery);
  travel(processed);
  processed.message_id = "reply-1";
  processed.subject = "Antwort";
  processed.quality_of_creation = "cryptographic";
  processed.content = content();
  processed.certificates = delivery(MessageType::store_delivery, false).certificates;
  const Answer read = travel(processed);
  EXPECT_EQ(read.quality_of_creation, "cryptographic");
  EXPECT_EQ(read.certificates.size(), processed.certificates.size());
}

TEST(RoundTrip, ChunkAnswers) {
  const ChunkLimits limits{1, 1024, 1 << 20, 60};
  Answer stored = answer(MessageType::partial_store_delivery);
  stored.chunk =
      ChunkInformation{3, std::nullopt, std::vector<std::uint32_t>{1, 3}, 3, std::nullopt};
  travel(stored, limits);
  stored.inside_feedback = {feedback_entry("0800", "de")};
  stored.cards = {card(false, false)};
  travel(stored, limits);
  Answer fetched = answer(MessageType::partial_fetch_delivery);
  fetched.selection.rule = Selection::Rule::message_ids;
  fetched.selection.message_ids = {"id-1"};
  fetched.chunk = ChunkInformation{1, std::nullopt, std::nullopt, 3, 284};
  fetched.message_id = "id-1";
  fetched.content = chunk_content();
  const Answer read = travel(fetched, limits);
  ASSERT_TRUE(read.content);
  ASSERT_EQ(read.content->attachments.size(), 1u);
  EXPECT_EQ(read.content->attachments[0].bytes, "chunk");
}

TEST(RoundTrip, FaultsOfEveryCode) {
  for (const auto& row : outcomes()) {
    if (row.osci_code.empty()) continue;
    for (const auto& wire : {write_fault(row.error), write_fault(row.osci_code)}) {
      const auto fault = support::judge(wire);
      EXPECT_EQ(fault.type, "MessageFault");
      EXPECT_EQ(fault.violation, "") << row.osci_code;
    }
  }
}

} // namespace
} // namespace osci
