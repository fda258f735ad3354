#include "cli/receive.h"
#include "cli/metadata.h"
#include "cli/text.h"
#include <algorithm>

namespace cli {

using osci::Selection;

FetchReport Receiver::run() {
  report_ = {};
  settled_.clear();
  if (!order_.ids.empty())
    by_ids(order_.ids);
  else if (!resume())
    return std::move(report_);
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
  const auto done = dialog->exit();
  if (done) forget_settled();
  if (!done && !report_.stopped) report_.stopped = done.error();
}

void Receiver::forget_settled() {
  for (const auto& id : settled_)
    if (const auto done = chunked_->spool.forget(id); !done && !report_.stopped)
      report_.stopped = done.error();
  settled_.clear();
}

base::Result<std::optional<client::Delivery>> Receiver::ask(std::optional<Dialog>& dialog,
                                                            const Selection& selection) {
  const bool chunks = chunked_ && !chunks_refused_ &&
                      dialog->features().keys.contains("PartialMessageTransmission");
  auto delivery = chunks ? chunked_->fetch.fetch(dialog, selection) : dialog->fetch(selection);
  if (!delivery && chunks && delivery.error().code == base::ErrorCode::peer_fault &&
      (delivery.error().detail.starts_with("9100") ||
       delivery.error().detail.starts_with("9300"))) {
    // Announced, but not served (11.8).
    chunks_refused_ = true;
    if (!ensure(dialog)) return *report_.stopped;
    delivery = dialog->fetch(selection);
  }
  if (!delivery) return delivery;
  forget_settled(); // the request was the acknowledgement
  if (!chunks && chunked_)
    if (const auto done = forget_partial(selection, *delivery); !done) return done.error();
  return delivery;
}

base::Result<> Receiver::forget_partial(const Selection& selection,
                                        const std::optional<client::Delivery>& delivery) {
  if (delivery) return chunked_->spool.forget(delivery->message_id());
  return selection.message_ids.empty() ? base::Result<>{}
                                       : chunked_->spool.forget(selection.message_ids.front());
}

bool Receiver::resume() {
  if (!chunked_) return true;
  const auto pending = chunked_->spool.pending();
  if (!pending) {
    report_.stopped = pending.error();
    return false;
  }
  std::optional<Dialog> dialog;
  for (const auto& id : *pending) {
    if (stopping() || known_bad_.contains(id)) continue;
    if (!fetch_one(dialog, id, false)) return false;
  }
  finish(dialog);
  return !stopping();
}

bool Receiver::in_order() {
  std::optional<Dialog> dialog;
  if (!ensure(dialog)) return true;
  while (!stopping()) {
    auto delivery = ask(dialog, {});
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
  auto delivery = ask(dialog, selection);
  if (!delivery) {
    if (!is_unverified(delivery.error().code)) {
      report_.stopped = delivery.error();
      return false;
    }
    // The dialog is dead by now; only the raw answer tells what came.
    return set_aside_answer(id, delivery.error());
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
    if (delivery.stored) settled_.push_back(kept->message_id);
    if (on_kept) on_kept(*kept);
    report_.kept.push_back(std::move(*kept));
    return Handled::kept;
  }
  if (!is_unverified(kept.error().code)) {
    report_.stopped = kept.error();
    return Handled::disk_failed;
  }
  const std::string id = delivery.message_id();
  const bool aside = delivery.stored
                         ? set_aside(id, kept.error(), delivery.stored, order_.skip_bad)
                         : set_aside(id, kept.error(), delivery.message.plain(), order_.skip_bad);
  if (!aside) return Handled::disk_failed;
  if (delivery.stored) {
    settled_.push_back(id);
    if (!order_.skip_bad) forget_settled(); // it is kept raw, and stays unreceived
  }
  return report_.stopped ? Handled::disk_failed : Handled::bad;
}

base::Result<KeptDelivery> Receiver::put_away(const client::Delivery& delivery) {
  client::Options options = session_.options();
  if (delivery.stored)
    options.content.new_file = chunked_->spool.plain_files(delivery.message_id());
  const auto content = delivery.open(session_.identity(), options, random_);
  if (!content) return content.error();
  auto label = label_of(delivery.answer.cards.front());
  if (delivery.answer.content) label.metadata = metadata_of(*delivery.answer.content);
  return keeper_.keep(*content, label);
}

template <class Octets>
bool Receiver::set_aside(const std::string& id, const base::Error& error, const Octets& raw,
                         bool acknowledged) {
  auto bad = keeper_.set_aside({id, folder_name(id), nullptr}, error, raw, acknowledged);
  if (!bad) {
    report_.stopped = bad.error();
    return false;
  }
  known_bad_.insert(id);
  if (on_bad) on_bad(*bad);
  report_.bad.push_back(std::move(*bad));
  return true;
}

bool Receiver::set_aside_answer(const std::string& id, const base::Error& error) {
  const auto* unopened =
      chunked_ && chunked_->fetch.unopened() ? &*chunked_->fetch.unopened() : nullptr;
  if (!unopened || unopened->message_id != id)
    return set_aside(id, error, session_.last_answer(), false);
  if (!set_aside(id, error, unopened->text, false)) return false;
  if (const auto done = chunked_->spool.forget(id); !done) {
    report_.stopped = done.error();
    return false;
  }
  return true;
}

} // namespace cli
