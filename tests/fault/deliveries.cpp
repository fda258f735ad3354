#include "fault/deliveries.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include <charconv>
#include <functional>
#include <map>
#include <mutex>

namespace fault {
namespace {

using mailbox::Part;
using mailbox::PartKind;

std::uint32_t number_of(const std::string& id) {
  const auto dash = id.rfind('-');
  std::uint32_t out = 0;
  if (dash != std::string::npos) std::from_chars(id.data() + dash + 1, id.data() + id.size(), out);
  return out;
}

// Octets without structure, the same each time.
std::string octets(std::size_t size, const std::string& seed) {
  std::string out(size, '\0');
  auto state = static_cast<std::uint32_t>(2166136261u);
  for (const char c : seed) state = (state ^ static_cast<unsigned char>(c)) * 16777619u;
  for (auto& c : out) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

void attach(mailbox::NewDelivery& to, const std::string& name, std::size_t size) {
  to.parts.push_back({PartKind::attachment, name + "@sender", "application/pdf", "",
                      octets(size, to.message_id + name)});
}

void enrich(mailbox::NewDelivery& out) {
  out.subject = "Betreff äöü " + out.message_id;
  out.quality_of_reception = "cryptographic";
  out.creation_token = octets(1300, out.message_id + "token");
  out.context = "xmlns:osci=\"http://www.osci.de/2002/04/osci\"";
  out.feedback = {"3500", "3701"};
  out.metadata = mailbox::MetaDataIndex{"urn:uuid:" + out.message_id,
                                        "urn:service",
                                        "antrag.0100",
                                        "urn:list",
                                        "WOHNGELD_DATA",
                                        "efa:010000000001",
                                        ""};
  mailbox::Inspection inspection;
  inspection.at = out.creation;
  inspection.role = "CipherCertificateAddressee";
  inspection.fingerprint = std::string(64, 'a');
  inspection.subject = "CN=Muster,C=DE";
  inspection.issuer = "CN=Test CA,C=DE";
  inspection.serial = "123456789";
  inspection.math = mailbox::MathResult::ok;
  inspection.offline = mailbox::OfflineResult::valid;
  inspection.online = mailbox::OnlineResult{false, octets(900, "ocsp"), std::nullopt};
  out.inspections = {inspection, inspection};
}

} // namespace

const std::string kReader = "reader";

base::Instant at(std::int64_t seconds) {
  return base::Instant{base::Milliseconds{1'767'225'600'000 + seconds * 1000}};
}

const std::vector<std::string>& mailboxes() {
  static const std::vector<std::string> all = {"box-0", "box-1"};
  return all;
}

std::string mailbox_of(const std::string& id) {
  return mailboxes()[number_of(id) % mailboxes().size()];
}

mailbox::NewDelivery delivery(const std::string& id) {
  mailbox::NewDelivery out;
  out.message_id = id;
  out.mailbox = mailbox_of(id);
  out.originator = "sender";
  out.request_digest = "digest of " + id;
  out.creation = at(number_of(id));
  out.parts.push_back({PartKind::content, "", "", "", "<content>" + id + "</content>"});
  out.parts.push_back({PartKind::certificates, "", "", "", "<certificates/>"});
  const auto is = [&](std::string_view kind) { return id.starts_with(kind); };
  if (is("rich-") || is("reply-") || is("push-")) {
    enrich(out);
    out.parts.push_back({PartKind::custom_header, "header-1", "", "", "<h Id=\"header-1\"/>"});
    attach(out, "empty", 0);
    attach(out, "small", 1000);
    attach(out, "large", 10'000);
  }
  if (is("large-") || is("chunked-")) {
    attach(out, "first", 6000);
    attach(out, "second", 9001);
  }
  if (is("wide-"))
    for (const auto* name : {"a", "b", "c", "d"}) attach(out, name, 60'000);
  if (is("chunked-")) {
    out.transfer = transfer_of(id);
    out.transfer_result = {"0800"};
  }
  return out;
}

mailbox::NewPush push(const std::string& id) {
  mailbox::NewPush out;
  out.delivery = delivery(id);
  out.delivery.parts.clear();
  out.reply_id = reply_of(id);
  return out;
}

std::string reply_of(const std::string& push_id) {
  return "reply-" + std::to_string(number_of(push_id));
}

mailbox::PushResult push_result(const std::string& push_id) {
  mailbox::PushResult out;
  out.now = at(number_of(push_id) + 1);
  if (number_of(push_id) % 3 == 0) {
    out.code = "9805";
    return out;
  }
  out.received = true;
  out.warnings = {"3802"};
  mailbox::PushReply reply;
  reply.delivery = delivery(reply_of(push_id));
  out.reply = std::move(reply);
  return out;
}

mailbox::TransferKey transfer_of(const std::string& id) {
  return {"sender", id};
}

std::string transfer_octets(const std::string& id) {
  return octets((kChunks - 1) * kChunkKib * 1024 + 1777, id + "transfer");
}

mailbox::Chunk chunk(const std::string& id, std::uint32_t number) {
  mailbox::Chunk out;
  out.key = transfer_of(id);
  out.parties = "sender to reader";
  out.subject = "Betreff";
  out.number = number;
  out.total_numbers = kChunks;
  out.chunk_kib = kChunkKib;
  out.bytes = transfer_octets(id).substr((number - 1) * kChunkKib * 1024, kChunkKib * 1024);
  out.now = at(number_of(id));
  return out;
}

std::string frozen_octets(const std::string& id) {
  return octets(11'000, id + "frozen");
}

std::string frozen_piece(const std::string& id, std::uint32_t number) {
  return frozen_octets(id).substr((number - 1) * kChunkKib * 1024, kChunkKib * 1024);
}

std::uint32_t frozen_pieces(const std::string& id) {
  const std::size_t piece = kChunkKib * 1024;
  return static_cast<std::uint32_t>((frozen_octets(id).size() + piece - 1) / piece);
}

std::string digest(const std::vector<Part>& parts, const std::string& context) {
  crypto::Hasher hasher(crypto::DigestAlgorithm::sha256);
  const auto add = [&](std::string_view field) {
    hasher.update(std::to_string(field.size()) + ":");
    hasher.update(field);
  };
  add(context);
  for (const auto& part : parts) {
    add(std::to_string(static_cast<int>(part.kind)));
    add(part.name);
    add(part.content_type);
    add(part.headers);
    add(part.bytes);
  }
  return base::hex_encode(hasher.finish());
}

const std::string& expected_digest(const std::string& id) {
  static std::mutex mutex;
  static std::map<std::string, std::string> known;
  const std::lock_guard lock(mutex);
  auto& out = known[id];
  if (out.empty()) {
    const auto whole = delivery(id);
    out = digest(whole.parts, whole.context);
  }
  return out;
}

} // namespace fault
