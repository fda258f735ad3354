#include "storage/journal_replay.h"
#include <charconv>

namespace storage {
namespace {

std::optional<base::Instant> instant(const std::optional<std::string_view>& text) {
  std::int64_t value = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return base::Instant{base::Milliseconds{value}};
}

} // namespace

void JournalReplay::apply(const JournalEntry& entry) {
  auto& card = cards_[entry.message_id];
  card.mailbox = entry.mailbox;
  card.originator = entry.originator;
  if (const auto at = instant(detail_value(entry.detail, "modification"))) card.modification = at;
  if (const auto digest = detail_value(entry.detail, "card")) card.card = *digest;
  const auto event = journal_event(entry.event);
  if (!event) return;
  switch (*event) {
  case JournalEvent::accepted:
    card.creation = entry.at;
    break;
  case JournalEvent::offered:
    card.forwarding = entry.at;
    ++card.offers;
    break;
  case JournalEvent::acknowledged:
    card.reception = entry.at;
    break;
  case JournalEvent::pushed:
    if (detail_value(entry.detail, "reception") == "1") card.reception = entry.at;
    card.finished = true;
    break;
  case JournalEvent::refused:
    card.finished = true;
    break;
  case JournalEvent::quarantined:
  case JournalEvent::released:
    card.quarantined = *event == JournalEvent::quarantined;
    break;
  case JournalEvent::held:
  case JournalEvent::hold_released:
    card.held = *event == JournalEvent::held;
    break;
  case JournalEvent::purged:
    card.purged = true;
    break;
  case JournalEvent::noticed:
    break;
  }
}

} // namespace storage
