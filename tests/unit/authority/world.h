// A PKI whose authorities answer from memory.
#pragma once
#include "authority/link_status.h"
#include "statements.h"
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <openssl/x509v3.h>
#include <stdlib.h>

namespace test {

// Answers by URL; what is not listed is away.
class FakeTransport final : public authority::Transport {
 public:
  using Answer = std::function<base::Result<authority::Reply>(const std::string& body)>;

  void on(const std::string& url, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[url] = std::move(answer);
  }
  void says(const std::string& url, std::string body, unsigned status = 200) {
    on(url, [=](const std::string&) { return authority::Reply{status, body}; });
  }
  void away(const std::string& url) {
    const std::lock_guard lock(mutex_);
    answers_.erase(url);
  }
  int asked() const { return asked_; }

  base::Result<authority::Reply> get(const std::string& url, base::Milliseconds,
                                     std::size_t) override {
    return answer(url, {});
  }
  base::Result<authority::Reply> post(const std::string& url, const std::string& body,
                                      const std::string&, base::Milliseconds,
                                      std::size_t) override {
    return answer(url, body);
  }

 private:
  base::Result<authority::Reply> answer(const std::string& url, const std::string& body) {
    ++asked_;
    Answer found;
    {
      const std::lock_guard lock(mutex_);
      const auto at = answers_.find(url);
      if (at != answers_.end()) found = at->second;
    }
    if (!found) return base::fail(base::ErrorCode::network, "away");
    return found(body);
  }
  std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::atomic<int> asked_ = 0;
};

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dc-authority-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

inline const std::string kOcsp = "http://ocsp.example/", kCrl = "http://crl.example/ca.crl",
                         kRootCrl = "http://crl.example/root.crl";

struct World {
  pki::Key root_key = pki::ec("P-256", 1), ca_key = pki::ec("P-256", 2),
           leaf_key = pki::ec("P-256", 3);
  crypto::Certificate root = pki::root("root", root_key);
  crypto::Certificate ca =
      pki::certificate({.subject = "CA",
                        .issuer = "root",
                        .ca = true,
                        .key_usage = "keyCertSign,cRLSign",
                        .extensions = {{NID_crl_distribution_points, "URI:" + kRootCrl}},
                        .serial = "100"},
                       ca_key, root_key);
  crypto::Certificate leaf = make_leaf("4242", true, true);
  base::ManualClock clock{pki::start() + std::chrono::hours{30}};
  pki::SeededRandom random{1};
  FakeTransport transport;
  Folder folder;

  crypto::Certificate make_leaf(const std::string& serial, bool ocsp, bool crl) {
    pki::Spec spec{.subject = "leaf" + serial, .issuer = "CA", .serial = serial};
    if (ocsp) spec.extensions.push_back({NID_info_access, "OCSP;URI:" + kOcsp});
    if (crl) spec.extensions.push_back({NID_crl_distribution_points, "URI:" + kCrl});
    return pki::certificate(spec, leaf_key, ca_key);
  }
  // Statements of now, for two days.
  pki::OcspSpec fresh(crypto::CertificateStatus status = crypto::CertificateStatus::good) const {
    pki::OcspSpec out;
    out.status = status;
    out.this_update = clock.now();
    out.next_update = clock.now() + std::chrono::hours{48};
    return out;
  }
  std::string ocsp(const pki::OcspSpec& spec) {
    return pki::ocsp_response(spec, leaf, ca, ca, ca_key);
  }
  std::string list(std::vector<std::string> revoked = {}) {
    return pki::crl({.this_update = clock.now(),
                     .next_update = clock.now() + std::chrono::hours{24 * 7},
                     .revoked = std::move(revoked)},
                    ca, ca_key);
  }
  std::string root_list(std::vector<std::string> revoked = {}) {
    return pki::crl({.this_update = clock.now(),
                     .next_update = clock.now() + std::chrono::hours{24 * 7},
                     .revoked = std::move(revoked)},
                    root, root_key);
  }
};

} // namespace test
