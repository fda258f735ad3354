#include "cli/receive.h"
#include "base/encoding.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include "crypto/digest.h"
#include <algorithm>
#include <boost/json.hpp>

namespace cli {

using base::ErrorCode;
using base::fail;
using osci::Selection;

namespace {

constexpr const char* kDescription = "delivery.json";

std::string text_of(const boost::json::value& value) {
  return boost::json::serialize(value) + "\n";
}

boost::json::object describe(const crypto::Certificate& certificate) {
  return {{"subject", harmless(certificate.subject())},
          {"issuer", harmless(certificate.issuer())},
          {"serial", certificate.serial()},
          {"sha256", certificate.fingerprint()}};
}

std::string description(const KeptDelivery& delivery, const mailbox::ProcessCard& card) {
  boost::json::array files;
  for (const auto& file : delivery.files)
    files.push_back({{"file", file.name},
                     {"name", harmless(file.original_name)},
                     {"kind", file.attachment ? "attachment" : "data"},
                     {"size", file.size},
                     {"sha256", file.sha256}});
  boost::json::array authors;
  for (const auto& author : delivery.authors) authors.push_back(describe(author));
  boost::json::object out{{"message_id", delivery.message_id},
                          {"creation", base::format_datetime(card.creation)},
                          {"signed", delivery.is_signed},
                          {"authors", std::move(authors)},
                          {"files", std::move(files)}};
  if (card.subject) out["subject"] = *card.subject;
  if (card.forwarding) out["forwarding"] = base::format_datetime(*card.forwarding);
  if (delivery.foreign_containers) out["containers_for_others"] = delivery.foreign_containers;
  if (!delivery.unclaimed_attachments.empty()) {
    boost::json::array names;
    for (const auto& name : delivery.unclaimed_attachments) names.push_back(harmless(name).c_str());
    out["unclaimed_attachments"] = std::move(names);
  }
  return text_of(out);
}

} // namespace

bool is_unverified(ErrorCode code) {
  return exit_code(code) == ExitCode::unverified;
}

FetchReport Receiver::run() {
  report_ = {};
  if (!order_.ids.empty())
    by_ids(order_.ids);
  else if (!known_bad_.empty() || !in_order())
    by_list();
  return std::move(report_);
}

bool Receiver::ensure(std::optional<Dialog>& dialog) {
  if (dialog && dialog->alive()) return true;
  auto opened = session_.open_dialog();
  if (!opened) {
    report_.stopped = opened.error();
    return false;
  }
  dialog.emplace(std::move(*opened));
  return true;
}

// Acknowledges the last delivery, which is on the disk by now.
void Receiver::finish(std::optional<Dialog>& dialog) {
  if (!dialog || !dialog->alive()) return;
  if (const auto done = dialog->exit(); !done && !report_.stopped) report_.stopped = done.error();
}

bool Receiver::in_order() {
  std::optional<Dialog> dialog;
  if (!ensure(dialog)) return true;
  while (!stopping()) {
    auto delivery = dialog->fetch({});
    if (!delivery) {
      if (is_unverified(delivery.error().code)) return false;
      report_.stopped = delivery.error();
      return true;
    }
    if (!*delivery) break;
    switch (handle(**delivery)) {
    case Handled::kept:
      break;
    case Handled::bad:
      if (order_.skip_bad) break;
      dialog->drop();
      return false;
    case Handled::disk_failed:
      dialog->drop();
      return true;
    }
  }
  finish(dialog);
  return true;
}

bool Receiver::fetch_one(std::optional<Dialog>& dialog, const std::string& id,
                         bool report_missing) {
  if (!ensure(dialog)) return false;
  Selection selection;
  selection.rule = Selection::Rule::message_ids;
  selection.message_ids = {id};
  auto delivery = dialog->fetch(selection);
  if (!delivery) {
    if (!is_unverified(delivery.error().code)) {
      report_.stopped = delivery.error();
      return false;
    }
    // The dialog is dead by now; only the raw answer tells what came.
    return set_aside(id, delivery.error(), session_.last_answer(), false);
  }
  if (!*delivery) {
    if (report_missing) report_.not_found.push_back(id);
    return true;
  }
  switch (handle(**delivery)) {
  case Handled::kept:
    return true;
  case Handled::bad:
    if (!order_.skip_bad) dialog->drop();
    return true;
  case Handled::disk_failed:
    dialog->drop();
    return false;
  }
  return false;
}

void Receiver::by_ids(const std::vector<std::string>& ids) {
  std::optional<Dialog> dialog;
  for (const auto& id : ids) {
    if (stopping()) break;
    if (!fetch_one(dialog, id, true)) return;
  }
  finish(dialog);
}

void Receiver::by_list() {
  std::optional<Dialog> dialog;
  std::set<std::string> tried = known_bad_;
  for (const auto& one : report_.kept) tried.insert(one.message_id);
  Selection selection;
  selection.rule = Selection::Rule::reception_of_delivery;
  selection.role = Selection::Role::addressee;
  selection.no_reception = true;
  while (!stopping()) {
    if (!ensure(dialog)) return;
    selection.since_text = base::format_datetime(selection.since);
    const auto cards = dialog->fetch_process_cards(selection);
    if (!cards) {
      report_.stopped = cards.error();
      return;
    }
    bool anything_new = false;
    base::Instant last = selection.since;
    for (const auto& card : cards->cards) {
      last = std::max(last, card.creation);
      if (stopping()) break;
      if (!tried.insert(card.message_id).second) continue;
      anything_new = true;
      if (!fetch_one(dialog, card.message_id, false)) return;
    }
    if (anything_new) continue; // what was kept is acknowledged by asking again
    // Only known bad ones on this page: look behind them.
    if (!cards->more || last <= selection.since) break;
    selection.since = last;
  }
  finish(dialog);
}

Receiver::Handled Receiver::handle(const client::Delivery& delivery) {
  auto kept = put_away(delivery);
  if (kept) {
    if (on_kept) on_kept(*kept);
    report_.kept.push_back(std::move(*kept));
    return Handled::kept;
  }
  if (!is_unverified(kept.error().code)) {
    report_.stopped = kept.error();
    return Handled::disk_failed;
  }
  return set_aside(delivery.message_id(), kept.error(), delivery.message.plain(), order_.skip_bad)
             ? Handled::bad
             : Handled::disk_failed;
}

base::Result<> Receiver::check(const seal::OpenedContent& content) const {
  for (const auto& item : content.items) {
    if (item.signature != seal::SignatureState::valid) {
      if (order_.allow_unsigned) continue;
      return fail(ErrorCode::signature_missing,
                  "content is not signed by an author; --allow-unsigned takes it all the same");
    }
    if (!order_.authors) continue;
    for (const auto& author : item.signers)
      if (order_.authors->inspect(author, crypto::CertificatePurpose::signature, clock_.now())
              .finding != crypto::CertificateFinding::none)
        return fail(ErrorCode::signer_certificate_wrong, "the author's certificate " +
                                                             author.fingerprint() +
                                                             " is not trusted (--trust)");
  }
  return {};
}

base::Result<KeptDelivery> Receiver::put_away(const client::Delivery& delivery) {
  const auto content = delivery.open(session_.identity(), session_.options(), random_);
  if (!content) return content.error();
  if (const auto ok = check(*content); !ok) return ok.error();

  const mailbox::ProcessCard& card = delivery.answer.cards.front();
  KeptDelivery out;
  out.message_id = card.message_id;
  out.subject = card.subject;
  out.creation = card.creation;
  out.is_signed = !content->items.empty();
  out.foreign_containers = content->foreign_containers;
  out.unclaimed_attachments = content->unclaimed_attachments;
  std::vector<NewFile> files;
  std::vector<std::string> compare;
  std::set<std::string> taken{kDescription};
  for (const auto& item : content->items) {
    const bool attachment = item.kind == seal::ContentItem::Kind::attachment;
    std::string name = safe_file_name(item.name, attachment ? "attachment" : "content");
    if (!attachment) name += extension_of(item.bytes);
    name = unique_name(name, taken);
    out.files.push_back(
        {name, item.name, attachment, item.bytes.size(), crypto::sha256_hex(item.bytes)});
    files.push_back({name, item.bytes});
    compare.push_back(name);
    out.is_signed = out.is_signed && item.signature == seal::SignatureState::valid;
    for (const auto& author : item.signers)
      if (std::find(out.authors.begin(), out.authors.end(), author) == out.authors.end())
        out.authors.push_back(author);
  }
  const std::string about = description(out, card);
  files.push_back({kDescription, about});
  const std::string folder = folder_name(out.message_id);
  const auto kept = shelf_.keep(folder, files, compare);
  if (!kept) return kept.error();
  out.folder = shelf_.path() + "/" + folder;
  out.already_there = *kept == Kept::already_there;
  return out;
}

bool Receiver::set_aside(const std::string& id, const base::Error& error, std::string_view raw,
                         bool acknowledged) {
  BadDelivery bad{id, {}, error, acknowledged};
  const std::string report =
      text_of(boost::json::object{{"message_id", harmless(id)},
                                  {"time", base::format_datetime(clock_.now())},
                                  {"error", base::to_string(error.code)},
                                  {"detail", harmless(error.detail)},
                                  {"acknowledged", acknowledged},
                                  {"raw", "message.osci"}});
  const auto aside = shelf_.below("undeliverable");
  const std::string folder = folder_name(id);
  // Nothing is compared: the first copy of a bad delivery is as good as any later one.
  const auto kept = aside
                        ? aside->keep(folder, {{"message.osci", raw}, {"report.json", report}}, {})
                        : base::Result<Kept>(aside.error());
  if (!kept) {
    report_.stopped = kept.error();
    return false;
  }
  bad.folder = aside->path() + "/" + folder;
  known_bad_.insert(id);
  if (on_bad) on_bad(bad);
  report_.bad.push_back(std::move(bad));
  return true;
}

} // namespace cli
