#include "storage/journal.h"
#include "crypto/digest.h"
#include "storage/words.h"
#include <algorithm>

namespace storage {
namespace {

constexpr Words<JournalEvent, kJournalEvents> kEvents = {{
    {JournalEvent::accepted, "accepted"},
    {JournalEvent::offered, "offered"},
    {JournalEvent::acknowledged, "acknowledged"},
    {JournalEvent::pushed, "pushed"},
    {JournalEvent::refused, "refused"},
    {JournalEvent::quarantined, "quarantined"},
    {JournalEvent::released, "released"},
    {JournalEvent::purged, "purged"},
    {JournalEvent::held, "held"},
    {JournalEvent::hold_released, "hold_released"},
    {JournalEvent::noticed, "noticed"},
}};

void append_number(std::string& out, std::uint64_t value, int octets) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<unsigned char>((value >> shift) & 0xff));
}

void append_field(std::string& out, std::string_view field) {
  append_number(out, field.size(), 4);
  out += field;
}

} // namespace

std::string_view to_string(JournalEvent event) {
  return word(kEvents, event);
}

std::optional<JournalEvent> journal_event(std::string_view text) {
  return value_of(kEvents, text);
}

std::string join_detail(const JournalDetail& detail) {
  std::string out;
  for (const auto& [key, value] : detail) {
    if (value.empty()) continue;
    if (!out.empty()) out += ' ';
    out += key;
    out += '=';
    for (const char c : value) out += c == ' ' ? '_' : c > ' ' && c < '\x7f' ? c : '?';
  }
  return out;
}

std::optional<std::string_view> detail_value(std::string_view detail, std::string_view key) {
  while (!detail.empty()) {
    const auto pair = detail.substr(0, detail.find(' '));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == key)
      return pair.substr(equals + 1);
    detail.remove_prefix(std::min(pair.size() + 1, detail.size()));
  }
  return std::nullopt;
}

std::string journal_encoding(const JournalEntry& entry) {
  std::string out = "DCJ1";
  append_number(out, entry.number, 8);
  append_number(out, static_cast<std::uint64_t>(entry.at.time_since_epoch().count()), 8);
  append_field(out, entry.event);
  append_field(out, entry.message_id);
  append_field(out, entry.mailbox);
  append_field(out, entry.originator);
  append_field(out, entry.detail);
  out += entry.previous;
  return out;
}

std::string journal_hash(const JournalEntry& entry) {
  return crypto::digest(crypto::DigestAlgorithm::sha256, journal_encoding(entry));
}

} // namespace storage
