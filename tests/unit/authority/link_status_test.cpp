#include "world.h"
#include <fstream>
#include <gtest/gtest.h>

namespace {

using authority::EvidenceFolder;
using authority::LinkStatusSource;
using authority::RevocationRules;
using crypto::CertificateStatus;
using crypto::RevocationOutcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using namespace test;

struct LinkStatus : testing::Test, World {
  RevocationRules rules;
  std::unique_ptr<EvidenceFolder> evidence;
  std::unique_ptr<LinkStatusSource> source;

  void SetUp() override { start(); }
  void start() {
    source.reset();
    evidence = std::make_unique<EvidenceFolder>(folder.path / "revocation", 1 << 20);
    source = std::make_unique<LinkStatusSource>(rules, transport, clock, random, evidence.get());
  }
  crypto::RevocationResult ask(bool refresh = false) { return ask(leaf, refresh); }
  crypto::RevocationResult ask(const crypto::Certificate& certificate, bool refresh = false) {
    return source->ask(certificate, ca, refresh).result;
  }
};

TEST_F(LinkStatus, TheResponderIsAskedOnceAndItsAnswerKept) {
  transport.says(kOcsp, ocsp(fresh()));
  const auto first = ask();
  EXPECT_EQ(first.outcome, RevocationOutcome::good);
  EXPECT_FALSE(first.ocsp.empty());
  EXPECT_FALSE(first.crl);
  EXPECT_EQ(ask().ocsp, first.ocsp);
  EXPECT_EQ(transport.asked(), 1);
  // Also over a restart, with everybody away.
  transport.away(kOcsp);
  start();
  EXPECT_EQ(ask().ocsp, first.ocsp);
  EXPECT_EQ(transport.asked(), 1);
}

TEST_F(LinkStatus, RevokedIsTold) {
  transport.says(kOcsp, ocsp(fresh(CertificateStatus::revoked)));
  const auto said = ask();
  EXPECT_EQ(said.outcome, RevocationOutcome::revoked);
  EXPECT_EQ(said.revoked_at, pki::start() + hours{12});
  EXPECT_FALSE(said.ocsp.empty());
}

TEST_F(LinkStatus, TheListServesWhenTheResponderDoesNot) {
  transport.says(kCrl, list());
  EXPECT_EQ(ask().outcome, RevocationOutcome::good);
  EXPECT_EQ(ask().crl, clock.now());
  EXPECT_EQ(transport.asked(), 2); // responder, list
  // One list for all certificates of its issuer.
  const auto sibling = make_leaf("4243", false, true);
  EXPECT_EQ(ask(sibling).outcome, RevocationOutcome::good);
  EXPECT_EQ(transport.asked(), 2);
}

TEST_F(LinkStatus, TheListComesFirstWhereConfigured) {
  rules.crl_first = true;
  start();
  transport.says(kOcsp, ocsp(fresh()));
  transport.says(kCrl, list({"4242"}));
  const auto said = ask();
  EXPECT_EQ(said.outcome, RevocationOutcome::revoked);
  EXPECT_EQ(said.crl, clock.now());
  EXPECT_TRUE(said.ocsp.empty());
  EXPECT_EQ(transport.asked(), 1);
}

TEST_F(LinkStatus, UnknownIsNoStatement) {
  transport.says(kOcsp, ocsp(fresh(CertificateStatus::unknown)));
  EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
  clock.advance(rules.retry);
  transport.says(kCrl, list());
  EXPECT_EQ(ask().outcome, RevocationOutcome::good);
}

TEST_F(LinkStatus, WhoIsAwayIsLeftAloneForAWhile) {
  EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
  EXPECT_EQ(transport.asked(), 2);
  EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
  const auto sibling = make_leaf("4243", true, true); // the same addresses
  EXPECT_EQ(ask(sibling).outcome, RevocationOutcome::unreachable);
  EXPECT_EQ(transport.asked(), 2);
  clock.advance(rules.retry);
  transport.says(kOcsp, ocsp(fresh()));
  EXPECT_EQ(ask().outcome, RevocationOutcome::good);
}

TEST_F(LinkStatus, UnusableAnswersAreAsGoodAsNone) {
  auto stale = fresh();
  stale.this_update = clock.now() - hours{50};
  stale.next_update = clock.now() - hours{2};
  const auto sibling = make_leaf("4243", true, false);
  for (const auto& body : {std::string("<html>proxy</html>"), std::string(70'000, 'x'), ocsp(stale),
                           pki::ocsp_response(fresh(), leaf, ca, root, root_key),
                           pki::ocsp_response(fresh(), sibling, ca, ca, ca_key)}) {
    transport.says(kOcsp, body);
    EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
    clock.advance(rules.retry);
  }
  transport.says(kOcsp, ocsp(fresh()), 404);
  EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
}

TEST_F(LinkStatus, WhoNamesNobodyIsNotCheckedUnlessRequired) {
  const auto silent = make_leaf("5", false, false);
  EXPECT_EQ(ask(silent).outcome, RevocationOutcome::not_checked);
  rules.require = true;
  start();
  EXPECT_EQ(ask(silent).outcome, RevocationOutcome::unreachable);
  EXPECT_EQ(transport.asked(), 0);
}

TEST_F(LinkStatus, AStatementIsRenewedBeforeItEndsAndNeverUsedAfter) {
  rules.max_age = hours{10};
  start();
  transport.says(kOcsp, ocsp(fresh()));
  const auto first = source->ask(leaf, ca, false);
  EXPECT_EQ(first.usable_until, clock.now() + hours{10});
  EXPECT_EQ(first.refresh_at, clock.now() + minutes{450});
  clock.advance(hours{7});
  ask(true);
  EXPECT_EQ(transport.asked(), 1); // not due yet
  clock.advance(hours{1});
  ask(true);
  EXPECT_EQ(transport.asked(), 2);
  // Nobody answers the next renewal: the old statement stays until it ends.
  transport.away(kOcsp);
  clock.advance(hours{8});
  EXPECT_EQ(ask(true).outcome, RevocationOutcome::good);
  clock.advance(hours{2});
  EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
}

TEST_F(LinkStatus, NextUpdateEndsItEarlier) {
  auto spec = fresh();
  spec.next_update = clock.now() + hours{2};
  transport.says(kOcsp, ocsp(spec));
  EXPECT_EQ(source->ask(leaf, ca, false).usable_until, clock.now() + hours{2});
  transport.away(kOcsp);
  clock.advance(hours{2});
  EXPECT_EQ(ask().outcome, RevocationOutcome::unreachable);
  rules.grace = hours{1};
  clock.advance(-hours{2} + minutes{1});
  start();
  transport.says(kOcsp, ocsp(spec));
  EXPECT_EQ(source->ask(leaf, ca, false).usable_until, clock.now() + hours{3} - minutes{1});
}

TEST_F(LinkStatus, WithoutNextUpdateItIsUsedForAnHour) {
  auto spec = fresh();
  spec.next_update.reset();
  transport.says(kOcsp, ocsp(spec));
  EXPECT_EQ(source->ask(leaf, ca, false).usable_until, clock.now() + hours{1});
}

TEST_F(LinkStatus, AnOlderStatementNeverReplacesANewerOne) {
  rules.max_age = hours{4};
  start();
  const auto old = ocsp(fresh());
  const auto old_list = list();
  clock.advance(hours{1});
  transport.says(kOcsp, ocsp(fresh(CertificateStatus::revoked)));
  EXPECT_EQ(ask().outcome, RevocationOutcome::revoked);
  clock.advance(minutes{200});
  transport.says(kOcsp, old); // a replay, still within its nextUpdate
  transport.says(kCrl, old_list);
  EXPECT_EQ(transport.asked(), 1);
  const auto said = source->ask(leaf, ca, true).result;
  EXPECT_NE(said.ocsp, old);
}

TEST_F(LinkStatus, DamagedFilesAreAskedForAgain) {
  transport.says(kOcsp, ocsp(fresh()));
  ask();
  const auto file = folder.path / "revocation" / ("ocsp-" + leaf.fingerprint());
  ASSERT_TRUE(std::filesystem::exists(file));
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(200) << "xxxx";
  start();
  EXPECT_EQ(ask().outcome, RevocationOutcome::good);
  EXPECT_EQ(transport.asked(), 2);
}

TEST_F(LinkStatus, ListsSurviveARestartToo) {
  transport.says(kCrl, list({"4242"}));
  ask();
  transport.away(kCrl);
  start();
  clock.advance(rules.retry);
  EXPECT_EQ(ask().outcome, RevocationOutcome::revoked);
}

} // namespace
