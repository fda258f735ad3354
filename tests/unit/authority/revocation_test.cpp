#include "async/within.h"
#include "authority/revocation.h"
#include "unit/async/loop.h"
#include "world.h"
#include <condition_variable>
#include <gtest/gtest.h>

namespace {

using authority::LinkStatusSource;
using authority::RevocationChecker;
using authority::RevocationRules;
using crypto::CertificateStatus;
using crypto::RevocationOutcome;
using namespace test;

// Holds whoever asks until it is opened.
struct Gate {
  void wait() {
    std::unique_lock lock(mutex);
    opened.wait(lock, [this] { return open; });
  }
  void release() {
    {
      const std::lock_guard lock(mutex);
      open = true;
    }
    opened.notify_all();
  }
  std::mutex mutex;
  std::condition_variable opened;
  bool open = false;
};

struct Checker : testing::Test, World {
  RevocationRules rules;
  asio::io_context loop;
  async::WorkPool pool{"inquiries", 4, 64};
  std::shared_ptr<const crypto::TrustStore> trust = std::make_shared<const crypto::TrustStore>(
      std::vector{root}, std::vector{ca}, crypto::TrustPolicy{});
  std::unique_ptr<LinkStatusSource> source;
  std::unique_ptr<RevocationChecker> checker;

  // On a busy machine an answer from memory may take its time.
  Checker() { rules.budget = std::chrono::minutes{5}; }
  void SetUp() override {
    source = std::make_unique<LinkStatusSource>(rules, transport, clock, random, nullptr);
    checker = std::make_unique<RevocationChecker>(loop.get_executor(), *source, clock, pool);
    transport.says(kRootCrl, root_list());
  }
  void TearDown() override { run(loop, checker->stop()); }

  static asio::awaitable<void> ask(RevocationChecker& checker,
                                   std::vector<crypto::Certificate> certificates,
                                   std::shared_ptr<const crypto::TrustStore> trust,
                                   std::shared_ptr<const crypto::RevocationResults>& out) {
    out = co_await checker.check(std::move(certificates), std::move(trust));
  }
  crypto::RevocationResult check(const crypto::Certificate& certificate) {
    std::shared_ptr<const crypto::RevocationResults> out;
    run(loop, ask(*checker, {certificate}, trust, out));
    return out->at(certificate.fingerprint());
  }
};

TEST_F(Checker, EveryLinkUpToTheAnchorCounts) {
  transport.says(kOcsp, ocsp(fresh()));
  const auto good = check(leaf);
  EXPECT_EQ(good.outcome, RevocationOutcome::good);
  EXPECT_FALSE(good.ocsp.empty()); // the evidence of the certificate itself
  EXPECT_EQ(transport.asked(), 2); // its responder, the root's list
  EXPECT_EQ(check(leaf).outcome, RevocationOutcome::good);
  EXPECT_EQ(transport.asked(), 2);
  EXPECT_EQ(checker->known(leaf)->outcome, RevocationOutcome::good);
}

TEST_F(Checker, ARevokedIssuerRevokes) {
  transport.says(kOcsp, ocsp(fresh()));
  transport.says(kRootCrl, root_list({"100"}));
  const auto said = check(leaf);
  EXPECT_EQ(said.outcome, RevocationOutcome::revoked);
  EXPECT_TRUE(said.ocsp.empty());
  EXPECT_TRUE(said.crl);
}

TEST_F(Checker, ARevokedIssuerCountsAlsoWhenTheLeafsResponderIsAway) {
  transport.says(kRootCrl, root_list({"100"}));
  EXPECT_EQ(check(leaf).outcome, RevocationOutcome::revoked);
}

TEST_F(Checker, AnUncheckedIssuerLeavesTheWholeUnsettled) {
  transport.says(kOcsp, ocsp(fresh()));
  transport.away(kRootCrl);
  const auto said = check(leaf);
  EXPECT_EQ(said.outcome, RevocationOutcome::unreachable);
  EXPECT_TRUE(said.ocsp.empty());
  EXPECT_EQ(checker->unreachable(), 1u);
}

TEST_F(Checker, StrangersAreNotAskedAbout) {
  const auto stranger =
      pki::certificate({.subject = "x",
                        .issuer = "nobody",
                        .extensions = {{NID_info_access, "OCSP;URI:http://10.0.0.1/internal"}}},
                       leaf_key, leaf_key);
  EXPECT_EQ(check(stranger).outcome, RevocationOutcome::not_checked);
  EXPECT_EQ(check(root).outcome, RevocationOutcome::not_checked);
  EXPECT_FALSE(checker->known(stranger)); // takes no room
  EXPECT_EQ(transport.asked(), 0);
}

TEST_F(Checker, ASilentResponderCostsTheBudgetOnceAndServesLaterRequests) {
  rules.budget = std::chrono::milliseconds{50};
  SetUp();
  Gate gate;
  transport.on(kOcsp, [&](const std::string&) {
    gate.wait();
    return base::Result<authority::Reply>(authority::Reply{200, ocsp(fresh())});
  });
  const auto begin = std::chrono::steady_clock::now();
  std::shared_ptr<const crypto::RevocationResults> early, late;
  asio::co_spawn(loop, ask(*checker, {leaf}, trust, early), [&](std::exception_ptr) {
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes{1});
    // Two more join the question that is under way; then the answer comes.
    asio::co_spawn(loop, ask(*checker, {leaf, leaf}, trust, late), [](std::exception_ptr) {});
    gate.release();
  });
  loop.run();
  loop.restart();
  EXPECT_EQ(early->at(leaf.fingerprint()).outcome, RevocationOutcome::unreachable);
  EXPECT_EQ(check(leaf).outcome, RevocationOutcome::good);
  EXPECT_EQ(transport.asked(), 2);
}

TEST_F(Checker, OneQuestionForManyWhoAskAtOnce) {
  transport.says(kOcsp, ocsp(fresh()));
  std::vector<std::shared_ptr<const crypto::RevocationResults>> all(8);
  for (auto& one : all)
    asio::co_spawn(loop, ask(*checker, {leaf}, trust, one), [](std::exception_ptr) {});
  loop.run();
  loop.restart();
  for (const auto& one : all)
    EXPECT_EQ(one->at(leaf.fingerprint()).outcome, RevocationOutcome::good);
  EXPECT_EQ(transport.asked(), 2);
}

TEST_F(Checker, AnOtherTrustStoreAsksAgain) {
  transport.says(kOcsp, ocsp(fresh()));
  check(leaf);
  trust = std::make_shared<const crypto::TrustStore>(std::vector{ca}, std::vector{root},
                                                     crypto::TrustPolicy{});
  EXPECT_EQ(check(leaf).outcome, RevocationOutcome::good);
  trust = std::make_shared<const crypto::TrustStore>(std::vector<crypto::Certificate>{},
                                                     std::vector<crypto::Certificate>{},
                                                     crypto::TrustPolicy{});
  EXPECT_EQ(check(leaf).outcome, RevocationOutcome::not_checked);
}

TEST_F(Checker, RenewsInTheBackgroundWhatIsInUse) {
  transport.says(kOcsp, ocsp(fresh()));
  check(leaf);
  const int before = transport.asked();
  checker->refresh_due(trust);
  loop.run();
  loop.restart();
  EXPECT_EQ(transport.asked(), before);
  clock.advance(std::chrono::hours{37});
  transport.says(kOcsp, ocsp(fresh(CertificateStatus::revoked)));
  transport.says(kRootCrl, root_list());
  checker->refresh_due(trust);
  loop.run();
  loop.restart();
  EXPECT_GT(transport.asked(), before);
  EXPECT_EQ(checker->known(leaf)->outcome, RevocationOutcome::revoked);
  // Forgotten after a week without use.
  clock.advance(std::chrono::hours{24 * 8});
  const int then = transport.asked();
  checker->refresh_due(trust);
  loop.run();
  loop.restart();
  EXPECT_EQ(transport.asked(), then);
}

} // namespace
