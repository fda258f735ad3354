#include "cli/keep.h"
#include "base/encoding.h"
#include "cli/exit_code.h"
#include "cli/incoming_spool.h"
#include "cli/metadata.h"
#include "cli/resent.h"
#include "cli/text.h"
#include "cli/validation.h"
#include "crypto/digest.h"
#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

constexpr const char* kDescription = "delivery.json";
constexpr const char* kMetaData = "metadata.xml";

std::string text_of(const boost::json::value& value) {
  return boost::json::serialize(value) + "\n";
}

boost::json::object describe(const crypto::Certificate& certificate) {
  return {{"subject", harmless(certificate.subject())},
          {"issuer", harmless(certificate.issuer())},
          {"serial", certificate.serial()},
          {"sha256", certificate.fingerprint()}};
}

std::string description(const KeptDelivery& delivery, const mailbox::ProcessCard* card,
                        std::string_view metadata) {
  boost::json::array files;
  for (const auto& file : delivery.files)
    files.push_back({{"file", file.name},
                     {"name", harmless(file.original_name)},
                     {"kind", file.attachment ? "attachment" : "data"},
                     {"size", file.size},
                     {"sha256", file.sha256}});
  boost::json::array authors;
  for (const auto& author : delivery.authors) authors.push_back(describe(author));
  boost::json::object out{{"message_id", delivery.message_id}};
  if (card) out["creation"] = base::format_datetime(card->creation);
  out["signed"] = delivery.is_signed;
  out["authors"] = std::move(authors);
  out["files"] = std::move(files);
  if (card && card->subject) out["subject"] = *card->subject;
  if (card && card->forwarding) out["forwarding"] = base::format_datetime(*card->forwarding);
  if (!delivery.duplicate_of.empty()) out["duplicate_of"] = delivery.duplicate_of;
  if (delivery.foreign_containers) out["containers_for_others"] = delivery.foreign_containers;
  if (!delivery.unclaimed_attachments.empty()) {
    boost::json::array names;
    for (const auto& name : delivery.unclaimed_attachments) names.push_back(harmless(name).c_str());
    out["unclaimed_attachments"] = std::move(names);
  }
  if (!metadata.empty())
    if (auto about = describe_metadata(metadata)) out["metadata"] = std::move(*about);
  return text_of(out);
}

} // namespace

bool is_unverified(ErrorCode code) {
  return exit_code(code) == ExitCode::unverified;
}

Label label_of(const mailbox::ProcessCard& card) {
  return {card.message_id, folder_name(card.message_id), &card};
}

Label label_of_unnumbered(std::string_view message_digest) {
  return {{}, "unnumbered-" + base::hex_encode(message_digest.substr(0, 16)), nullptr};
}

base::Result<> Keeper::check(const seal::OpenedContent& content) const {
  for (const auto& item : content.items) {
    if (item.signature != seal::SignatureState::valid) {
      if (policy_.allow_unsigned) continue;
      return fail(ErrorCode::signature_missing,
                  "content is not signed by an author; --allow-unsigned takes it all the same");
    }
    if (!policy_.authors) continue;
    for (const auto& author : item.signers)
      if (policy_.authors->inspect(author, crypto::CertificatePurpose::signature, clock_.now())
              .finding != crypto::CertificateFinding::none)
        return fail(ErrorCode::signer_certificate_wrong, "the author's certificate " +
                                                             author.fingerprint() +
                                                             " is not trusted (--trust)");
  }
  return {};
}

base::Result<> Keeper::find_duplicate(const seal::OpenedContent& content, const Label& label,
                                      KeptDelivery& out) const {
  for (const auto& item : content.items) {
    if (item.kind != seal::ContentItem::Kind::data) continue;
    const auto uuid = message_uuid(item.bytes);
    if (!uuid) continue;
    // A UUID says nothing of who chose it: another author's is another message.
    const auto author = item.signers.empty() ? std::string() : item.signers.front().fingerprint();
    auto before = sent_before(shelf_, author, *uuid, label.folder);
    if (!before) return before.error();
    if (*before && out.duplicate_of.empty()) out.duplicate_of = std::move(**before);
  }
  return {};
}

base::Result<KeptDelivery> Keeper::keep(const seal::OpenedContent& content,
                                        const Label& label) const {
  if (const auto ok = check(content); !ok) return ok.error();
  KeptDelivery out;
  out.message_id = label.message_id;
  if (label.card) {
    out.subject = label.card->subject;
    out.creation = label.card->creation;
  }
  out.is_signed = !content.items.empty();
  out.foreign_containers = content.foreign_containers;
  out.unclaimed_attachments = content.unclaimed_attachments;
  std::vector<NewFile> files;
  std::vector<std::string> compare;
  std::set<std::string> taken{kDescription, kMetaData};
  std::set<std::string> moved;
  for (const auto& item : content.items) {
    const bool attachment = item.kind == seal::ContentItem::Kind::attachment;
    std::string name = safe_file_name(item.name, attachment ? "attachment" : "content");
    if (!attachment) name += extension_of(item.bytes);
    // No sender may forge what --validate writes, or have it replace a file of his.
    for (auto at = name.find(kMarkEnding); at != std::string::npos; at = name.find(kMarkEnding))
      name[at] = '_';
    name = unique_name(name, taken);
    KeptFile kept{name, item.name, attachment, item.bytes.size(), {}};
    NewFile file{name, item.bytes, item.file};
    if (item.file) {
      const auto digest = crypto::digest(crypto::DigestAlgorithm::sha256, item.file);
      if (!digest) return digest.error();
      kept.size = item.file.size;
      kept.sha256 = base::hex_encode(*digest);
      // Verified, so it may be moved out of the spool; once.
      file.move_from = movable_file(item.file);
      if (!file.move_from.empty() && !moved.insert(file.move_from).second) file.move_from.clear();
    } else {
      kept.sha256 = crypto::sha256_hex(item.bytes);
    }
    out.files.push_back(std::move(kept));
    files.push_back(std::move(file));
    compare.push_back(name);
    out.is_signed = out.is_signed && item.signature == seal::SignatureState::valid;
    for (const auto& author : item.signers)
      if (std::find(out.authors.begin(), out.authors.end(), author) == out.authors.end())
        out.authors.push_back(author);
  }
  if (const auto looked = find_duplicate(content, label, out); !looked) return looked.error();
  if (!label.metadata.empty()) files.push_back({kMetaData, label.metadata});
  const std::string about = description(out, label.card, label.metadata);
  files.push_back({kDescription, about});
  const auto kept = shelf_.keep(label.folder, files, compare);
  if (!kept) return kept.error();
  out.folder = shelf_.path() + "/" + label.folder;
  out.already_there = *kept == Kept::already_there;
  return out;
}

base::Result<BadDelivery> Keeper::set_aside(const Label& label, const base::Error& error,
                                            std::string_view raw, bool acknowledged) const {
  return set_aside(label, error, NewFile{{}, raw}, acknowledged);
}

base::Result<BadDelivery> Keeper::set_aside(const Label& label, const base::Error& error,
                                            const base::OctetRange& raw, bool acknowledged) const {
  return set_aside(label, error, NewFile{{}, {}, raw}, acknowledged);
}

base::Result<BadDelivery> Keeper::set_aside(const Label& label, const base::Error& error,
                                            NewFile raw, bool acknowledged) const {
  BadDelivery bad{label.message_id, {}, error, acknowledged};
  const std::string report =
      text_of(boost::json::object{{"message_id", harmless(label.message_id)},
                                  {"time", base::format_datetime(clock_.now())},
                                  {"error", base::to_string(error.code)},
                                  {"detail", harmless(error.detail)},
                                  {"acknowledged", acknowledged},
                                  {"raw", "message.osci"}});
  const auto aside = shelf_.below("undeliverable");
  if (!aside) return aside.error();
  // Nothing is compared: the first copy of a bad delivery is as good as any later one.
  raw.name = "message.osci";
  const auto kept = aside->keep(label.folder, {std::move(raw), {"report.json", report}}, {});
  if (!kept) return kept.error();
  bad.folder = aside->path() + "/" + label.folder;
  return bad;
}

} // namespace cli
