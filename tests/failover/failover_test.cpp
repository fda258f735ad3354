// Two nodes on a primary with a synchronous standby, under load, when the primary dies and the
// standby is promoted: what was acknowledged is there, and was acknowledged once.
#include "contract/postgres_backend.h"
#include "contract/samples.h"
#include "storage/journal.h"
#include "storage/postgres.h"
#include "storage/state_reader.h"
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace std::chrono_literals;
using samples::at;

constexpr int kSenders = 4;
constexpr std::size_t kBefore = 100, kAfter = 100; // acknowledged deliveries

mailbox::NewDelivery sent(const std::string& id) {
  auto out = samples::delivery(id, "box", at(1));
  // Octets in tables for some, of more than one piece.
  const auto size = std::hash<std::string>()(id) % 3 == 0 ? 300'000u : 500u;
  out.parts.push_back(
      {mailbox::PartKind::attachment, "a@sender", "application/pdf", "", samples::octets(size, 1)});
  return out;
}

// What the threads saw.
struct Seen {
  std::mutex mutex;
  std::set<std::string> acknowledged;  // to the sender
  std::multiset<std::string> received; // by the reader: its next request was answered
  int errors = 0;
  std::atomic<bool> sending{true};
};

// Repeats what was not acknowledged, on the other node, as clients behind a load balancer do.
void send(int number, PostgresBackend& first, PostgresBackend& second, Seen& seen) {
  for (int i = 0; seen.sending; ++i) {
    const auto delivery = sent("m" + std::to_string(number) + "-" + std::to_string(i));
    for (int attempt = number;; ++attempt) {
      auto& node = attempt % 2 ? second : first;
      const auto done = node.store().store(delivery, std::nullopt, "");
      const std::lock_guard lock(seen.mutex);
      if (done) {
        seen.acknowledged.insert(delivery.message_id);
        break;
      }
      ++seen.errors;
      ASSERT_LT(attempt, number + 20) << done.error().detail;
    }
  }
}

// Fetches each next delivery on the other node. After an error in a new dialog: what the old one
// has not acknowledged is handed out again.
void receive(PostgresBackend& first, PostgresBackend& second, Seen& seen) {
  int dialogs = 0, turns = 0;
  for (bool open = true; open;) {
    samples::Conversation dialog(first.store(), "d" + std::to_string(++dialogs), "reader", at(1));
    std::string before;
    for (;;) {
      const bool last = !seen.sending;
      auto& node = ++turns % 2 ? first : second;
      const auto fetched = node.store().fetch(samples::oldest({"box"}), dialog.next(at(1)));
      const std::lock_guard lock(seen.mutex);
      if (!fetched) {
        ++seen.errors;
        break;
      }
      if (!before.empty()) seen.received.insert(before);
      before = fetched->delivery ? fetched->delivery->card.message_id : "";
      if (fetched->delivery)
        samples::expect_same_parts(fetched->delivery->parts, sent(before).parts);
      open = !(before.empty() && last);
      if (!open) break;
    }
  }
}

TEST(Failover, LosesNothingThatWasAcknowledgedAndDoesNothingTwice) {
  auto server = support::PostgresServer::with_standby();
  const auto database = server.new_schema();
  PostgresBackend first(database), second(database);
  Seen seen;
  std::vector<std::thread> threads;
  for (int number = 0; number < kSenders; ++number)
    threads.emplace_back([&, number] { send(number, first, second, seen); });
  threads.emplace_back([&] { receive(first, second, seen); });
  const auto until = [&](std::size_t count) {
    for (;;) {
      std::this_thread::sleep_for(20ms);
      const std::lock_guard lock(seen.mutex);
      if (seen.acknowledged.size() >= count || testing::Test::HasFailure())
        return seen.acknowledged.size();
    }
  };
  const auto acknowledged = until(kBefore);
  server.fail_over();
  until(acknowledged + kAfter); // it goes on
  seen.sending = false;
  for (auto& thread : threads) thread.join();
  std::cout << seen.acknowledged.size() << " acknowledged, " << acknowledged
            << " of them before the primary died; " << seen.received.size() << " received, "
            << seen.errors << " errors\n";

  // Nobody sent again what had been acknowledged: every one is there, and no other.
  std::map<std::string, int> accepted, received;
  auto reader = storage::StateReader::open(database);
  ASSERT_TRUE(reader);
  std::string previous = reader->anchor()->hash;
  const auto read = reader->journal({}, [&](const storage::JournalEntry& entry) -> base::Result<> {
    EXPECT_EQ(entry.previous, previous);
    EXPECT_EQ(storage::journal_hash(entry), entry.hash);
    previous = entry.hash;
    if (entry.event == "accepted") ++accepted[entry.message_id];
    if (entry.event == "acknowledged") ++received[entry.message_id];
    return {};
  });
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(accepted.size(), seen.acknowledged.size());
  for (const auto& id : seen.acknowledged) {
    EXPECT_EQ(accepted[id], 1) << id;
    EXPECT_EQ(received[id], 1) << id;
    EXPECT_LE(seen.received.count(id), 1u) << id;
  }
  // An error at most for each time that the connection was lost in the middle of an answer.
  EXPECT_GE(seen.received.size() + static_cast<std::size_t>(seen.errors), accepted.size());
}

} // namespace
