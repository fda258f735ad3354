// A passive recipient in the process: opens what the intermediary pushes and answers as told.
#pragma once
#include "gateway/recipient_transport.h"
#include "support/intermediary.h"
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace test {

inline const std::string kUri = "https://recipient.example/osci";

// How an answer is made; the defaults are those of a recipient that accepts.
struct AnswerForm {
  std::string code = "0800";
  bool sign = true;
  bool encrypt = true;
  const crypto::KeyPair* signer = nullptr; // null: the recipient's own
  std::optional<std::string> response{};   // instead of the request's Challenge
  std::optional<std::string> reply{};      // content of a reply
  bool reply_id = true;                    // reply under the id it was given
  std::optional<std::string> other_id{};
  std::string payload_id = "contentcontainer0"; // Id inside the reply's content
  bool addressee_signature = false;             // SignatureCertificateAddressee in the reply
};

class FakeRecipient final : public gateway::RecipientTransport {
 public:
  // Called with the open request; on a push thread.
  std::function<gateway::Attempt(const osci::Request&)> behave = [this](const osci::Request& r) {
    return handed(answer(r, form));
  };
  AnswerForm form;

  gateway::Attempt post(const std::string& uri, const std::string& ca,
                        const std::string& message) override;

  // The HTTP body of an answer.
  std::string answer(const osci::Request& request, const AnswerForm& how) const;
  static gateway::Attempt handed(std::string body, unsigned status = 200);
  static gateway::Attempt broken(bool handed_over, base::ErrorCode code = base::ErrorCode::network);

  std::size_t calls() const {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  osci::Request last() const {
    const std::lock_guard lock(mutex_);
    return requests_.at(requests_.size() - 1);
  }
  std::string last_uri() const {
    const std::lock_guard lock(mutex_);
    return uri_;
  }

 private:
  osci::Request open(const std::string& message) const;

  support::Party party_{"recipient"};
  mutable std::mutex mutex_;
  std::vector<osci::Request> requests_;
  std::string uri_;
};

} // namespace test
