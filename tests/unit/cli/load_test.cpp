// The pure parts of `osci source` and `osci sink`: schedule, sizes, percentiles, content, record,
// balance, target.
#include "base/encoding.h"
#include "cli/load/content.h"
#include "cli/load/histogram.h"
#include "cli/load/ledger.h"
#include "cli/load/plan.h"
#include "cli/load/record.h"
#include "cli/load/sink.h"
#include "cli/load/source.h"
#include "cli/load/table.h"
#include "cli/load/target.h"
#include "support/keys.h"
#include "temporary_folder.h"
#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <random>

namespace cli::load {
namespace {

using base::ErrorCode;
using std::chrono::microseconds;

template <class T>
ErrorCode code_of(const base::Result<T>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

TEST(LoadHistogram, NeverFlattersAndIsNearTheTruth) {
  std::mt19937_64 random(7);
  for (const double scale : {4.0, 9.0, 16.0}) {
    Histogram histogram;
    std::vector<std::uint64_t> all;
    std::lognormal_distribution<double> some(scale, 2);
    for (int i = 0; i < 20'000; ++i) {
      const auto value = static_cast<std::uint64_t>(std::min(some(random), 1e12));
      all.push_back(value);
      histogram.add(microseconds{static_cast<std::int64_t>(value)});
    }
    std::sort(all.begin(), all.end());
    for (const double share : {0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.99995, 1.0}) {
      const auto rank = static_cast<std::size_t>(
          std::max(1.0, std::ceil(share * static_cast<double>(all.size()))));
      const auto exact = all[rank - 1];
      const auto told = static_cast<std::uint64_t>(histogram.at(share).count());
      EXPECT_GE(told, exact) << share;
      EXPECT_LE(told, exact + exact / 128) << share;
    }
    EXPECT_EQ(histogram.max().count(), static_cast<std::int64_t>(all.back()));
    EXPECT_EQ(histogram.at(1), histogram.max());
    EXPECT_EQ(histogram.count(), all.size());
  }
}

TEST(LoadHistogram, IsExactWhereItSaysSo) {
  Histogram histogram;
  EXPECT_EQ(histogram.at(0.5).count(), 0);
  for (int i = 1; i <= 100; ++i) histogram.add(microseconds{i});
  EXPECT_EQ(histogram.at(0.5).count(), 50);
  EXPECT_EQ(histogram.at(0.99).count(), 99);
  EXPECT_EQ(histogram.at(0.999).count(), 100);
  EXPECT_EQ(histogram.at(0.000001).count(), 1);
  histogram.add(microseconds{-5});
  EXPECT_EQ(histogram.at(0.000001).count(), 0);
  histogram.add(std::chrono::hours(24 * 365));
  EXPECT_EQ(histogram.max().count(), std::int64_t{1} << 40);
}

TEST(LoadPlan, ReadsRatesAndTimesWithinBounds) {
  EXPECT_DOUBLE_EQ(parse_rate("20/s").value().value(), 20);
  EXPECT_DOUBLE_EQ(parse_rate("2.5").value().value(), 2.5);
  EXPECT_DOUBLE_EQ(parse_rate("1200/min").value().value(), 20);
  EXPECT_DOUBLE_EQ(parse_rate("1/h").value().value(), 1.0 / 3600);
  EXPECT_FALSE(parse_rate("max").value());
  for (const char* wrong :
       {"", "0/s", "-1/s", "10001/s", "20/d", "20/", "nan", "inf", "1e9", "x", "20 /s", "0.5/h"})
    EXPECT_EQ(code_of(parse_rate(wrong)), ErrorCode::invalid_config) << wrong;
  EXPECT_EQ(parse_span("500ms").value(), base::Milliseconds{500});
  EXPECT_EQ(parse_span("2h").value(), std::chrono::hours(2));
  for (const char* wrong : {"", "0s", "5", "-5s", "169h", "5d", "s", "1.5s", "99999999999s"})
    EXPECT_EQ(code_of(parse_span(wrong)), ErrorCode::invalid_config) << wrong;
}

TEST(LoadPlan, DealsSizesByTheirShares) {
  const auto mix = SizeMix::parse("10k:80,100k:15,2m:5").value();
  EXPECT_EQ(mix.largest(), 2u << 20);
  std::map<std::uint64_t, int> seen;
  for (std::uint64_t i = 0; i < mix.shares(); ++i) ++seen[mix.pick(i)];
  EXPECT_EQ(seen, (std::map<std::uint64_t, int>{{10 << 10, 80}, {100 << 10, 15}, {2 << 20, 5}}));
  seen.clear();
  for (std::uint64_t i = 0; i < 10'000; ++i) ++seen[mix.pick(draw(3, i))];
  EXPECT_NEAR(seen[10 << 10], 8000, 200);
  EXPECT_NEAR(seen[2 << 20], 500, 100);
  EXPECT_EQ(SizeMix::parse("512").value().pick(99), 512u);
  for (const char* wrong :
       {"", "511", "17m", "1k:0", "1k:", "1k,,2k", "1k:1000001", "1g", ":5", "1k:80,", "-1k"})
    EXPECT_EQ(code_of(SizeMix::parse(wrong)), ErrorCode::invalid_config) << wrong;
  std::string many = "1k";
  for (int i = 0; i < 32; ++i) many += ",1k";
  EXPECT_FALSE(SizeMix::parse(many));
}

TEST(LoadPlan, IsDueByTheClockAndNotByAnswers) {
  using namespace std::chrono_literals;
  const Plan plan{20, std::nullopt, 3s};
  EXPECT_EQ(plan.due(0), 0ns);
  EXPECT_EQ(plan.due(1), 50ms);
  EXPECT_EQ(plan.due(59), 2950ms);
  // Late as it may be, what the schedule wants stays wanted.
  EXPECT_TRUE(plan.wants(59, 1h));
  EXPECT_FALSE(plan.wants(60, 0s));
  EXPECT_EQ(plan.total(), 60u);
  EXPECT_EQ((Plan{20, 7, 3s}.total()), 7u);
  EXPECT_FALSE((Plan{20, 7, 3s}.wants(7, 0s)));
  for (const double rate : {0.3, 3.0, 7.0, 999.9}) {
    const Plan other{rate, std::nullopt, 10s};
    const auto total = other.total().value();
    EXPECT_TRUE(other.wants(total - 1, 0s));
    EXPECT_FALSE(other.wants(total, 0s));
  }
  const Plan fast{std::nullopt, std::nullopt, 3s};
  EXPECT_TRUE(fast.wants(1'000'000, 2999ms));
  EXPECT_FALSE(fast.wants(0, 3s));
  EXPECT_FALSE(fast.total());
}

const std::string kRun = "0123456789abcdef";

TEST(LoadContent, IsVerifiedWithoutKnowingWhatWasSent) {
  for (const std::uint64_t size : {512u, 513u, 10'000u, 300'001u}) {
    const auto made = make_content(kRun, 42, size, 5);
    EXPECT_EQ(made.octets.size(), size);
    EXPECT_EQ(verify_content(made.octets).value(), made.stamp);
    EXPECT_EQ(make_content(kRun, 42, size, 5).octets, made.octets);
    EXPECT_NE(make_content(kRun, 42, size, 6).octets, made.octets);
    EXPECT_NE(make_content(kRun, 43, size, 5).octets, made.octets);
  }
}

TEST(LoadContent, ShowsEveryChangedOctet) {
  const auto made = make_content(kRun, 7, 600, 1);
  for (std::size_t i = 0; i < made.octets.size(); ++i)
    for (const int bit : {0, 5, 7}) {
      std::string changed = made.octets;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(verify_content(changed)) << i;
    }
}

TEST(LoadContent, ShowsWhatIsMissingOrTooMuchAndWhatIsForeign) {
  const auto made = make_content(kRun, 7, 600, 1);
  for (std::size_t size = 12; size < made.octets.size(); ++size)
    EXPECT_EQ(code_of(verify_content(made.octets.substr(0, size))), ErrorCode::invalid_content);
  EXPECT_EQ(code_of(verify_content(made.octets + "x")), ErrorCode::invalid_content);
  EXPECT_EQ(code_of(verify_content("")), ErrorCode::not_found);
  EXPECT_EQ(code_of(verify_content("<antrag/>")), ErrorCode::not_found);
  // One way to write a number only.
  std::string other = made.octets;
  other.replace(other.find("number: 7"), 9, "number: 07");
  EXPECT_EQ(code_of(verify_content(other)), ErrorCode::invalid_content);
}

seal::ContentItem item_with(std::string octets) {
  seal::ContentItem out;
  out.bytes = std::move(octets);
  out.encrypted = true;
  out.signature = seal::SignatureState::valid;
  out.signers = {support::key("sender_sign").certificate};
  return out;
}

TEST(LoadSink, AcknowledgesOnlyWhatItHasVerified) {
  const auto made = make_content(kRun, 7, 600, 1);
  seal::OpenedContent content;
  EXPECT_EQ(judge(content).verdict, Verdict::foreign);
  content.items = {item_with(made.octets)};
  EXPECT_EQ(judge(content).verdict, Verdict::right);
  EXPECT_EQ(judge(content).stamp, made.stamp);
  content.items.front().signature = seal::SignatureState::none;
  EXPECT_EQ(judge(content).verdict, Verdict::unverified);
  content.items = {item_with(made.octets)};
  content.items.front().encrypted = false;
  EXPECT_EQ(judge(content).verdict, Verdict::unverified);
  content.items = {item_with(made.octets + " ")};
  EXPECT_EQ(judge(content).verdict, Verdict::unverified);
  content.items = {item_with("<antrag/>")};
  EXPECT_EQ(judge(content).verdict, Verdict::foreign);
  content.items = {item_with(made.octets), item_with("<antrag/>")};
  EXPECT_EQ(judge(content).verdict, Verdict::foreign);
}

TEST(LoadSource, TellsARefusalFromAnUnknownOutcome) {
  EXPECT_EQ(outcome_of({ErrorCode::network, ""}, false), Outcome::not_sent);
  EXPECT_EQ(outcome_of({ErrorCode::peer_fault, "9500 x"}, false), Outcome::not_sent);
  EXPECT_EQ(outcome_of({ErrorCode::peer_fault, "9805 x"}, true), Outcome::refused);
  for (const auto code : {ErrorCode::network, ErrorCode::timed_out, ErrorCode::overloaded,
                          ErrorCode::signature_wrong, ErrorCode::malformed_message})
    EXPECT_EQ(outcome_of({code, ""}, true), Outcome::unknown);
}

TEST(LoadTally, NamesErrorsWithoutWhatPeersChose) {
  EXPECT_EQ(short_name({ErrorCode::peer_fault, "9805 Antrag von Frau M."}), "9805");
  EXPECT_EQ(short_name({ErrorCode::peer_fault, "HTTP 404: x"}), "HTTP 404");
  EXPECT_EQ(short_name({ErrorCode::peer_fault, "wörtlich"}), "fault without code");
  EXPECT_EQ(short_name({ErrorCode::network, "connect: Connection refused"}), "network: connect");
  Tally tally;
  for (int i = 0; i < 1000; ++i) tally.outcome("code " + std::to_string(i));
  EXPECT_EQ(tally.numbers().outcomes.size(), 201u);
  EXPECT_EQ(tally.numbers().outcome("others"), 800u);
}

SentMessage sent(std::uint64_t number, Outcome outcome = Outcome::accepted) {
  return {make_content(kRun, number, 600, 1).stamp, "mailbox-a", "id-" + std::to_string(number),
          outcome, "0800"};
}

TEST(LoadRecord, ReadsWhatItHasWritten) {
  auto one = sent(3, Outcome::unknown);
  one.code = "timed_out \"\n";
  const auto read = parse_record_line(record_line(one)).value();
  EXPECT_EQ(read.stamp, one.stamp);
  EXPECT_EQ(read.message_id, one.message_id);
  EXPECT_EQ(read.to, one.to);
  EXPECT_EQ(read.outcome, one.outcome);
  EXPECT_EQ(read.code, one.code);
  for (const char* wrong : {"", "{}", "[]", "{\"run\":1}", "x"})
    EXPECT_EQ(code_of(parse_record_line(wrong)), ErrorCode::invalid_config) << wrong;
  std::string other = record_line(one);
  other.replace(other.find("unknown"), 7, "perhaps");
  EXPECT_FALSE(parse_record_line(other));
}

class LoadLedger : public testing::Test {
 protected:
  // Writes the record, and what the balance says of it.
  Balance balance(const std::vector<SentMessage>& messages) {
    const std::string path = folder_.path() + "/sent.ndjson";
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    for (const auto& one : messages) out << record_line(one);
    out.close();
    return ledger_.balance(path).value();
  }
  void take(std::uint64_t number, std::size_t mailbox = 0) {
    const auto one = sent(number);
    EXPECT_EQ(ledger_.arrived(one.stamp, one.message_id, mailbox), Arrival::first);
    ledger_.acknowledged(one.stamp);
  }
  test::TemporaryFolder folder_;
  Ledger ledger_{{"mailbox-a", "mailbox-b"}};
};

TEST_F(LoadLedger, BalancesWhatCameAgainstWhatWasSent) {
  take(1);
  take(2);
  auto balance_ = balance({sent(1), sent(2)});
  EXPECT_TRUE(balance_.right());
  EXPECT_EQ(balance_.accepted, 2u);
  EXPECT_EQ(balance_.received, 2u);
  EXPECT_EQ(balance_.unrecorded, 0u);
  // Of other mailboxes, and of no record: nothing wrong.
  auto elsewhere = sent(9);
  elsewhere.to = "mailbox-c";
  balance_ = balance({sent(1), elsewhere});
  EXPECT_TRUE(balance_.right());
  EXPECT_EQ(balance_.other_mailboxes, 1u);
  EXPECT_EQ(balance_.unrecorded, 1u);
}

TEST_F(LoadLedger, FindsWhatIsMissingAlteredOrInTheWrongPlace) {
  take(1);
  EXPECT_EQ(balance({sent(1), sent(2)}).missing, 1u);
  EXPECT_FALSE(balance({sent(1), sent(2)}).right());
  // Also of a run of which nothing came at all.
  auto other_run = sent(1);
  other_run.stamp.run = "fedcba9876543210";
  EXPECT_EQ(balance({sent(1), other_run}).missing, 1u);
  auto altered = sent(1);
  altered.stamp.sha256[0] = altered.stamp.sha256[0] == '0' ? '1' : '0';
  EXPECT_EQ(balance({altered}).altered, 1u);
  altered = sent(1);
  altered.stamp.size += 1;
  EXPECT_EQ(balance({altered}).altered, 1u);
  auto misdelivered = sent(1);
  misdelivered.to = "mailbox-b";
  EXPECT_EQ(balance({misdelivered}).misdelivered, 1u);
  EXPECT_EQ(balance({sent(1, Outcome::refused)}).refused_received, 1u);
  EXPECT_EQ(balance({sent(1, Outcome::not_sent)}).refused_received, 1u);
  EXPECT_TRUE(balance({sent(1), sent(2, Outcome::refused), sent(3, Outcome::not_sent)}).right());
}

TEST_F(LoadLedger, LeavesOpenWhatTheSenderCouldNotKnow) {
  take(1);
  const auto out = balance({sent(1, Outcome::unknown), sent(2, Outcome::unknown)});
  EXPECT_TRUE(out.right());
  EXPECT_EQ(out.unknown_received, 1u);
  EXPECT_EQ(out.unknown_absent, 1u);
}

TEST_F(LoadLedger, TellsARepeatFromADuplicate) {
  const auto one = sent(1);
  EXPECT_EQ(ledger_.arrived(one.stamp, "id-1", 0), Arrival::first);
  // Handed out again, because nobody had acknowledged it: as it has to be.
  EXPECT_EQ(ledger_.arrived(one.stamp, "id-1", 0), Arrival::again);
  // Stored twice.
  EXPECT_EQ(ledger_.arrived(one.stamp, "id-2", 0), Arrival::duplicate);
  ledger_.acknowledged(one.stamp);
  EXPECT_EQ(ledger_.arrived(one.stamp, "id-1", 0), Arrival::duplicate);
  EXPECT_EQ(ledger_.duplicates(), 2u);
  EXPECT_EQ(ledger_.received(), 1u);
}

TEST_F(LoadLedger, RefusesARecordThatIsNone) {
  const std::string path = folder_.path() + "/sent.ndjson";
  EXPECT_EQ(code_of(ledger_.balance(path)), ErrorCode::file_error);
  std::ofstream(path) << record_line(sent(1)) << "{}\n";
  const auto wrong = ledger_.balance(path);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("line 2"), std::string::npos);
  std::ofstream(path) << std::string(10'000, 'x') << "\n";
  EXPECT_EQ(code_of(ledger_.balance(path)), ErrorCode::invalid_config);
}

TEST(LoadTarget, TakesOnlyThisMachineWithoutAWord) {
  for (const char* here : {"http://localhost/osci", "http://127.0.0.1:18080/osci",
                           "https://[::1]:8443/", "http://127.255.0.1"})
    EXPECT_TRUE(on_loopback(here)) << here;
  for (const char* elsewhere :
       {"https://osci.example/osci", "http://127.0.0.1.example/", "http://localhost.example",
        "http://localhost@osci.example/", "http://1270.0.0.1", "http://127.0.0.256/",
        "http://127.0.0", "http://[::2]/", "http://[::1", "localhost", "http://10.0.0.1/127.0.0.1",
        "http://128.0.0.1/", "http://evil\\@localhost"})
    EXPECT_FALSE(on_loopback(elsewhere)) << elsewhere;
  EXPECT_EQ(code_of(allow_target("https://osci.example/osci", false)), ErrorCode::invalid_config);
  EXPECT_TRUE(allow_target("https://osci.example/osci", true));
}

TEST(LoadTable, ShowsWhatHappenedAndNothingElse) {
  Tally tally;
  for (int i = 1; i <= 100; ++i)
    tally.sample(Operation::store_delivery, microseconds{i * 1000}, 10'000);
  tally.outcome("StoreDelivery 0800");
  Facts facts{"osci source", kRun, "http://localhost/", "2026-12-01T00:00:00Z"};
  facts.seconds = 2;
  facts.counts = {{"accepted", 100}};
  const auto table = as_table(facts, tally.numbers());
  EXPECT_NE(table.find("50.00    0.500"), std::string::npos) << table;
  EXPECT_EQ(table.find("GetMessageId"), std::string::npos);
  EXPECT_NE(table.find("\nRIGHT\n"), std::string::npos);
  facts.right = false;
  EXPECT_NE(as_table(facts, tally.numbers()).find("\nNOT RIGHT\n"), std::string::npos);
  const auto json = as_json(facts, tally.numbers());
  EXPECT_EQ(json.at("operations").at("StoreDelivery").at("max_ms").as_double(), 100);
  EXPECT_EQ(clock_time(65), "01:05");
  EXPECT_EQ(clock_time(7200), "2:00:00");
}

} // namespace
} // namespace cli::load
