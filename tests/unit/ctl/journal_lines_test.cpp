#include "cli/ctl/journal_lines.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

namespace {

using cli::ctl::NotedHead;
using storage::JournalEntry;
using testing::HasSubstr;

std::vector<JournalEntry> chain(std::size_t count, std::uint64_t first = 1) {
  std::vector<JournalEntry> out;
  std::string previous(32, '\x11');
  for (std::size_t i = 0; i < count; ++i) {
    JournalEntry entry;
    entry.number = first + i;
    entry.at = base::Instant{base::Milliseconds{1'800'000'000'000 + 250 * static_cast<int>(i)}};
    entry.event = i % 2 == 0 ? "accepted" : "offered";
    entry.message_id = "id-" + std::to_string(i / 2);
    entry.mailbox = "wgb:059130000000";
    entry.originator = "efa:1";
    entry.detail = "size=1 card=00";
    entry.previous = previous;
    entry.hash = previous = storage::journal_hash(entry);
    out.push_back(entry);
  }
  return out;
}

std::string text(const std::vector<JournalEntry>& entries) {
  std::string out;
  for (const auto& entry : entries) out += cli::ctl::to_line(entry).value();
  return out;
}

cli::ctl::Verification verify(const std::string& bytes, const std::string& head = "") {
  std::istringstream in(bytes);
  std::optional<NotedHead> noted;
  if (!head.empty()) noted = cli::ctl::parse_head(head).value();
  return cli::ctl::verify_journal(in, noted);
}

// Anew from `at` on, as somebody does who holds the database.
void rehash(std::vector<JournalEntry>& entries, std::size_t at) {
  for (; at < entries.size(); ++at) {
    if (at > 0) entries[at].previous = entries[at - 1].hash;
    entries[at].hash = storage::journal_hash(entries[at]);
  }
}

std::string head_of(const JournalEntry& entry) {
  return cli::ctl::to_text({entry.number, entry.hash});
}

TEST(JournalLines, ComeBackAsTheyWere) {
  auto entries = chain(3);
  entries[1].message_id = "umlaut ä \" \\ \n";
  for (const auto& entry : entries) {
    auto line = cli::ctl::to_line(entry).value();
    ASSERT_EQ(line.back(), '\n');
    line.pop_back();
    EXPECT_EQ(cli::ctl::parse_line(line).value(), entry);
  }
  entries[0].mailbox = "\xff";
  EXPECT_EQ(cli::ctl::to_line(entries[0]).error().code, base::ErrorCode::invalid_content);
}

TEST(JournalLines, AreReadOnlyAsTheyAreWritten) {
  auto line = cli::ctl::to_line(chain(1)[0]).value();
  line.pop_back();
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto out = line;
    const auto at = out.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return out.replace(at, from.size(), to);
  };
  ASSERT_TRUE(cli::ctl::parse_line(line));
  for (const auto& other : {
           "{\"event\":\"purged\"," + line.substr(1), // which of the two counts?
           changed(",", ", "),
           changed("\"version\":1", "\"version\":2"),
           changed("\"version\":1,", ""),
           changed("accepted", "\\u0061ccepted"),
           changed("\"number\":1", "\"number\":1.0"),
           changed("\"number\":1", "\"number\":-1"),
           changed("Z\"", "+00:00\""),
           changed("\"hash\":\"", "\"hash\":\"0"),
           changed("}", ",\"subject\":\"x\"}"),
           line + "{}",
           line + "\r",
           std::string("{}"),
           std::string("[]"),
           std::string(),
           std::string(100'000, '['),
       })
    EXPECT_FALSE(cli::ctl::parse_line(other)) << other.substr(0, 200);
}

TEST(JournalVerify, TakesAWholeJournalAndAWindowOfOne) {
  const auto entries = chain(5, 17);
  const auto result = verify(text(entries), head_of(entries[4]));
  EXPECT_EQ(result.bad_line, 0u) << result.finding;
  EXPECT_EQ(result.lines, 5u);
  EXPECT_EQ(result.first, 17u);
  EXPECT_EQ(result.last, 21u);
  EXPECT_EQ(result.previous, entries[0].previous);
  EXPECT_EQ(result.hash, entries[4].hash);
  // An older head, one without number, and the one just before the window.
  EXPECT_EQ(verify(text(entries), head_of(entries[1])).bad_line, 0u);
  EXPECT_EQ(verify(text(entries), head_of(entries[1]).substr(3)).bad_line, 0u);
  EXPECT_EQ(verify(text(entries), cli::ctl::to_text({16, entries[0].previous})).bad_line, 0u);
  EXPECT_EQ(verify("").bad_line, 0u);
  EXPECT_EQ(verify("", cli::ctl::to_text({0, std::string(32, '\x11')})).bad_line, 0u);
}

TEST(JournalVerify, FindsEveryAlteredOctetInItsLine) {
  const auto good = text(chain(8));
  std::mt19937 random(5);
  for (int i = 0; i < 1500; ++i) {
    auto bytes = good;
    const auto at = random() % bytes.size();
    const auto to = static_cast<char>(random());
    if (bytes[at] == to) continue;
    const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<long>(at), '\n');
    bytes[at] = to;
    ASSERT_EQ(verify(bytes).bad_line, static_cast<std::uint64_t>(line)) << "octet " << at;
  }
}

TEST(JournalVerify, NamesTheFirstBadLine) {
  const auto entries = chain(9);
  const auto removed = [&](std::size_t from, std::size_t count) {
    auto out = entries;
    const auto at = out.begin() + static_cast<long>(from);
    out.erase(at, at + static_cast<long>(count));
    return text(out);
  };
  auto result = verify(removed(3, 1));
  EXPECT_EQ(result.bad_line, 4u);
  EXPECT_THAT(result.finding, HasSubstr("entry 4 is missing"));
  EXPECT_EQ(result.last, 3u) << "what is good before it";
  result = verify(removed(3, 2));
  EXPECT_THAT(result.finding, HasSubstr("entries 4 to 5 are missing"));

  auto swapped = entries;
  std::swap(swapped[4], swapped[5]);
  EXPECT_EQ(verify(text(swapped)).bad_line, 5u);
  auto repeated = entries;
  repeated.insert(repeated.begin() + 4, entries[3]);
  result = verify(text(repeated));
  EXPECT_EQ(result.bad_line, 5u);
  EXPECT_THAT(result.finding, HasSubstr("repeated, or in another order"));

  // Altered with its own hash put right: the next one does not follow.
  auto patched = entries;
  patched[2].event = "purged";
  patched[2].hash = storage::journal_hash(patched[2]);
  result = verify(text(patched));
  EXPECT_EQ(result.bad_line, 4u);
  EXPECT_THAT(result.finding, HasSubstr("does not follow"));
  // Renumbered around a gap.
  auto renumbered = entries;
  renumbered.erase(renumbered.begin() + 3);
  for (std::size_t i = 3; i < renumbered.size(); ++i) {
    renumbered[i].number = i + 1;
    renumbered[i].hash = storage::journal_hash(renumbered[i]);
  }
  EXPECT_EQ(verify(text(renumbered)).bad_line, 4u);
  // The tail of another journal.
  auto grafted = entries;
  auto other = chain(9);
  for (auto& entry : other) entry.mailbox = "other";
  rehash(other, 0);
  std::copy(other.begin() + 5, other.end(), grafted.begin() + 5);
  EXPECT_EQ(verify(text(grafted)).bad_line, 6u);
  EXPECT_EQ(verify(text(entries) + "{\"version\":1,\"nu").bad_line, 10u);
  EXPECT_EQ(verify(text(entries) + std::string(1'000'000, 'x')).bad_line, 10u);
}

TEST(JournalVerify, FindsWhatOnlyANotedHeadShows) {
  const auto entries = chain(9);
  auto cut = entries;
  cut.resize(6);
  EXPECT_EQ(verify(text(cut)).bad_line, 0u) << "a shorter journal is a journal";
  auto result = verify(text(cut), head_of(entries[8]));
  EXPECT_EQ(result.bad_line, 7u);
  EXPECT_THAT(result.finding, HasSubstr("the end was cut off"));
  EXPECT_EQ(verify("", head_of(entries[8])).bad_line, 1u);

  auto anew = entries;
  anew[2].event = "purged";
  rehash(anew, 2);
  EXPECT_EQ(verify(text(anew)).bad_line, 0u) << "whoever holds the database can do that";
  result = verify(text(anew), head_of(entries[4]));
  EXPECT_EQ(result.bad_line, 5u);
  EXPECT_THAT(result.finding, HasSubstr("written anew"));
  EXPECT_EQ(verify(text(anew), head_of(entries[4]).substr(2)).bad_line, 10u);

  auto without_beginning = entries;
  without_beginning.erase(without_beginning.begin(), without_beginning.begin() + 3);
  EXPECT_EQ(verify(text(without_beginning), head_of(entries[1])).bad_line, 1u);
  EXPECT_EQ(verify(text(without_beginning), head_of(entries[2])).bad_line, 0u);
  EXPECT_EQ(
      verify(text(without_beginning), cli::ctl::to_text({3, std::string(32, '\x22')})).bad_line,
      1u);
}

TEST(JournalVerify, TakesAHeadAsItIsPrinted) {
  const auto entry = chain(1)[0];
  const auto head = cli::ctl::parse_head(head_of(entry));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->number, 1u);
  EXPECT_EQ(head->hash, entry.hash);
  for (const char* wrong : {"", "1", "1:", ":", "x:00", "1:00", "-1:00"})
    EXPECT_FALSE(cli::ctl::parse_head(wrong)) << wrong;
}

} // namespace
