#include "http/client.h"
#include "unit/http/running_server.h"
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace {

using namespace test;
namespace ssl = asio::ssl;
using base::ErrorCode;

std::string url(std::uint16_t port, const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(port) + "/osci";
}

// Sends fixed bytes to every client, once it has sent something.
class CannedServer {
 public:
  explicit CannedServer(std::string answer, int clients = 1)
      : acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, answer = std::move(answer), clients] {
          for (int i = 0; i < clients; ++i) {
            tcp::socket socket(loop_);
            boost::system::error_code error;
            acceptor_.accept(socket, error);
            if (error) return;
            ++accepted;
            char block[4096];
            socket.read_some(asio::buffer(block), error);
            asio::write(socket, asio::buffer(answer), error);
            if (answer.empty()) std::this_thread::sleep_for(300ms);
          }
        }) {}
  ~CannedServer() { thread_.join(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::atomic<int> accepted = 0;

 private:
  asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

// A self-signed certificate for 127.0.0.1 and "server.test", made for one test run.
class TestCertificate {
 public:
  explicit TestCertificate(const char* alternative_names = "IP:127.0.0.1,DNS:server.test") {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
    X509_set_pubkey(cert.get(), key.get());
    const unsigned char name[] = "test";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC, name, -1, -1,
                               0);
    X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names),
        X509_EXTENSION_free);
    X509_add_ext(cert.get(), names.get(), -1);
    X509_sign(cert.get(), key.get(), EVP_sha256());
    std::unique_ptr<std::FILE, decltype(&std::fclose)> out(std::fopen(file.c_str(), "w"),
                                                           std::fclose);
    PEM_write_X509(out.get(), cert.get());
    PEM_write_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  ~TestCertificate() { std::filesystem::remove(file); }
  const std::string file =
      (std::filesystem::temp_directory_path() /
       ("dc_http_" + std::to_string(::getpid()) + "_" + std::to_string(made_++) + ".pem"))
          .string();

 private:
  static inline int made_ = 0; // two may live at once
};

// Answers one TLS client.
class TlsServer {
 public:
  // `client_ca`: what a client's certificate must lead to; empty: none is asked for.
  TlsServer(const std::string& pem, int max_version, const std::string& client_ca = {})
      : context_(ssl::context::tls_server),
        acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    context_.use_certificate_chain_file(pem);
    context_.use_private_key_file(pem, ssl::context::pem);
    if (!client_ca.empty()) {
      context_.load_verify_file(client_ca);
      context_.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }
    SSL_CTX_set_min_proto_version(context_.native_handle(), 0);
    SSL_CTX_set_max_proto_version(context_.native_handle(), max_version);
    thread_ = std::thread([this] {
      ssl::stream<tcp::socket> stream(loop_, context_);
      boost::system::error_code error;
      acceptor_.accept(stream.next_layer(), error);
      stream.handshake(ssl::stream_base::server, error);
      if (error) return;
      char block[4096];
      const auto got = stream.read_some(asio::buffer(block), error);
      request.assign(block, got);
      asio::write(stream,
                  asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")),
                  error);
    });
  }
  ~TlsServer() {
    // A client that never came must not leave the thread in accept().
    boost::system::error_code ignored;
    tcp::socket(waker_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string request;

 private:
  asio::io_context loop_, waker_;
  ssl::context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(HttpClient, PostsAndGets) {
  RunningServer server;
  const http::Client client;
  const auto posted = client.post(url(server.port()), "hello", "text/xml");
  ASSERT_TRUE(posted) << posted.error().detail;
  EXPECT_EQ(posted->status, 200u);
  EXPECT_EQ(posted->content_type, "text/plain");
  EXPECT_EQ(posted->body, "POST /osci 5 hello");
  const auto got = client.get("http://127.0.0.1:" + std::to_string(server.port()));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, "GET / 0 ");
}

TEST(HttpClient, ProgressAdvancesToTheWholeBody) {
  RunningServer server;
  std::vector<std::uint64_t> steps;
  std::uint64_t of = 0;
  const auto progress = [&](std::uint64_t sent, std::uint64_t total) {
    steps.push_back(sent);
    of = total;
  };
  const auto answer = http::Client().post(url(server.port()), std::string(1'000'000, 'x'),
                                          "text/xml", http::ClientLimits(), progress);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(of, 1'000'000u);
  ASSERT_GT(steps.size(), 2u);
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back(), of);
}

TEST(HttpClient, AnyStatusIsAnAnswerAndRedirectsAreNotFollowed) {
  CannedServer server(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno");
  const auto answer = http::Client().post(url(server.port()), "x", "text/xml");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302u);
  EXPECT_EQ(answer->body, "no");
}

TEST(HttpClient, ChunkedAnswersAndInterimAnswersAreRead) {
  CannedServer server(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  const auto answer = http::Client().post(url(server.port()), "x", "text/xml");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "abcde");
}

TEST(HttpClient, TooLargeAnswersAreRefused) {
  RunningServer server;
  http::ClientLimits limits;
  limits.answer_bytes = 10;
  const auto answer = http::Client().post(url(server.port()), "hello", "text/xml", limits);
  EXPECT_EQ(answer.error().code, ErrorCode::too_large);
  CannedServer unannounced("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x'));
  const auto second = http::Client().post(url(unannounced.port()), "hello", "text/xml", limits);
  EXPECT_EQ(second.error().code, ErrorCode::too_large);
}

TEST(HttpClient, ARefusalIsReadAlthoughTheBodyWasNot) {
  http::ServerLimits limits;
  limits.body_bytes = 1000;
  RunningServer server(limits);
  const auto answer =
      http::Client().post(url(server.port()), std::string(5'000'000, 'x'), "text/xml");
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 413u);
}

TEST(HttpClient, DeadlineIsKeptAndNothingIsSentTwice) {
  CannedServer server("", 2);
  http::ClientLimits limits;
  limits.total = 100ms;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(http::Client().post(url(server.port()), "x", "text/xml", limits).error().code,
            ErrorCode::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  // Closed without an answer.
  EXPECT_EQ(http::Client().post(url(server.port()), "x", "text/xml").error().code,
            ErrorCode::network);
  EXPECT_EQ(server.accepted, 2);
}

TEST(HttpClient, AnswersThatAreNotHttpAreThePeersFault) {
  CannedServer server("220 mail.example ESMTP\r\n");
  EXPECT_EQ(http::Client().post(url(server.port()), "x", "text/xml").error().code,
            ErrorCode::peer_fault);
}

TEST(HttpClient, RefusedConnectionIsANetworkError) {
  std::uint16_t port;
  {
    RunningServer server;
    port = server.port();
  }
  EXPECT_EQ(http::Client().post(url(port), "x", "text/xml").error().code, ErrorCode::network);
}

TEST(HttpClient, UnusableUrlsAreRefused) {
  for (const char* text : {"", "127.0.0.1", "ftp://127.0.0.1/", "http:///path",
                           "http://user:pw@host/", "http://host:99999999/", "http://ho st/"}) {
    const auto answer = http::Client().post(text, "x", "text/xml");
    ASSERT_FALSE(answer) << text;
    EXPECT_TRUE(answer.error().code == ErrorCode::invalid_config ||
                answer.error().code == ErrorCode::network)
        << text;
  }
}

TEST(HttpClient, TlsServersAreVerifiedAgainstTheCaFile) {
  const TestCertificate certificate;
  {
    TlsServer server(certificate.file, TLS1_3_VERSION);
    const auto answer =
        http::Client(certificate.file).post(url(server.port(), "https"), "x", "text/xml");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "secret");
  }
  {
    TlsServer server(certificate.file, TLS1_2_VERSION);
    EXPECT_TRUE(http::Client(certificate.file).post(url(server.port(), "https"), "x", "text/xml"));
  }
}

TEST(HttpClient, ShowsItsCertificateToServersThatAskForIt) {
  const TestCertificate certificate, of_client;
  http::ClientRules rules;
  rules.ca_file = certificate.file;
  {
    TlsServer server(certificate.file, TLS1_2_VERSION, of_client.file);
    EXPECT_FALSE(http::Client(rules).get(url(server.port(), "https")));
  }
  rules.client_certificate_file = rules.client_key_file = of_client.file;
  {
    TlsServer server(certificate.file, TLS1_3_VERSION, of_client.file);
    const auto answer = http::Client(rules).get(url(server.port(), "https"));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "secret");
  }
  rules.client_key_file = certificate.file; // the key of another
  const auto refused = http::Client(rules).get("https://127.0.0.1:1/");
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_config);
  EXPECT_NE(refused.error().detail.find(of_client.file), std::string::npos);
}

TEST(HttpClient, CarriesHeadersOfAuthorisationAndCaching) {
  RunningServer server(
      http::ServerLimits{},
      [](std::shared_ptr<const http::Request> request) -> http::asio::awaitable<http::Response> {
        http::Response response;
        response.body = request->authorization + "|" + request->if_none_match;
        response.etag = "\"v2\"";
        if (request->if_none_match == "\"v2\"") {
          response.status = 304;
          response.body.clear();
        }
        co_return response;
      });
  const http::Client client;
  const auto plain = client.get(url(server.port()));
  EXPECT_EQ(plain->body, "|");
  EXPECT_EQ(plain->etag, "\"v2\"");
  const auto guarded = client.get(url(server.port()), {}, {"Bearer secret", "\"v1\""});
  EXPECT_EQ(guarded->body, "Bearer secret|\"v1\"");
  const auto unchanged = client.get(url(server.port()), {}, {"", "\"v2\""});
  ASSERT_TRUE(unchanged) << unchanged.error().detail;
  EXPECT_EQ(unchanged->status, 304u);
  EXPECT_TRUE(unchanged->body.empty());
}

TEST(HttpClient, UnknownIssuersWrongNamesAndOldTlsAreRefused) {
  const TestCertificate certificate;
  {
    TlsServer server(certificate.file, TLS1_3_VERSION);
    const auto answer = http::Client().post(url(server.port(), "https"), "x", "text/xml");
    EXPECT_EQ(answer.error().code, ErrorCode::network);
    EXPECT_TRUE(server.request.empty());
  }
  {
    // By address: a bare system may not know the name localhost.
    const TestCertificate of_another("IP:127.0.0.9,DNS:server.test");
    TlsServer server(of_another.file, TLS1_3_VERSION);
    const auto answer =
        http::Client(of_another.file).post(url(server.port(), "https"), "x", "text/xml");
    EXPECT_EQ(answer.error().code, ErrorCode::network);
    EXPECT_TRUE(server.request.empty());
  }
  {
    TlsServer server(certificate.file, TLS1_1_VERSION);
    const auto answer =
        http::Client(certificate.file).post(url(server.port(), "https"), "x", "text/xml");
    EXPECT_EQ(answer.error().code, ErrorCode::network);
  }
  EXPECT_EQ(
      http::Client("/nonexistent.pem").post("https://127.0.0.1:1/", "x", "text/xml").error().code,
      ErrorCode::invalid_config);
}

} // namespace
