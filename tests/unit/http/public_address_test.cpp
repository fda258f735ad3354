#include "http/client.h"
#include "http/public_address.h"
#include "unit/http/running_server.h"
#include <gtest/gtest.h>

namespace {

using base::ErrorCode;
using namespace test;

TEST(PublicAddress, EverySpecialRangeIsNotPublic) {
  for (const auto* text : {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "192.168.255.255",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::ffff:169.254.169.254",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "64:ff9b:1::1",
                           "100::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1",
                           "4000::1"})
    EXPECT_FALSE(http::public_address(asio::ip::make_address(text))) << text;
}

TEST(PublicAddress, NeighboursOfTheRangesArePublic) {
  for (const auto* text : {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",
                           "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
                           "128.0.0.0",       "169.253.255.255", "169.255.0.0",
                           "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
                           "192.167.255.255", "192.169.0.0",     "198.17.255.255",
                           "198.20.0.0",      "223.255.255.255", "8.8.8.8",
                           "::ffff:8.8.8.8",  "2001:200::1",     "2001:4860:4860::8888",
                           "2a00:1450::1",    "2003::1",         "3ffe::1"})
    EXPECT_TRUE(http::public_address(asio::ip::make_address(text))) << text;
}

// What stands in front of every connection of push.
TEST(ClientRules, PrivateAddressesAreNotConnectedToUnderWhateverName) {
  std::atomic<int> reached = 0;
  RunningServer server({}, [&](std::shared_ptr<const http::Request> r) {
    ++reached;
    return echo(std::move(r));
  });
  const auto port = std::to_string(server.port());
  const http::Client closed(http::ClientRules{{}, {}, true, false});
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"}) {
    const auto answer = closed.post("http://" + host + ":" + port + "/osci", "x", "text/xml");
    ASSERT_FALSE(answer) << host;
    // A bare system may not know the name localhost.
    if (answer.error().detail.starts_with("resolve") && host == "localhost") continue;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_config) << host;
  }
  EXPECT_EQ(reached, 0);
  const http::Client open(http::ClientRules{{}, {}, true, true});
  EXPECT_TRUE(open.post("http://127.0.0.1:" + port + "/osci", "x", "text/xml"));
  EXPECT_EQ(reached, 1);
}

TEST(ClientRules, ClearHttpIsRefusedBeforeAnythingIsResolved) {
  const http::Client client(http::ClientRules{{}, {}, false, true});
  const auto answer = client.post("http://no-such-host.invalid/osci", "x", "text/xml");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_config);
}

TEST(ClientRules, CertificatesGivenAsTextMustBeReadable) {
  const http::Client client(http::ClientRules{{}, "no certificate", true, true});
  const auto answer = client.post("https://127.0.0.1:1/osci", "x", "text/xml");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_config);
}

} // namespace
