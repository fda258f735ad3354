// An intermediary inside the test: opens, decodes, answers, and breaks every rule on demand. It
// keeps what it was sent, so that a test can say which requests left the client, and which never
// did.
#pragma once
#include "base/random.h"
#include "client/session.h"
#include "client/transport.h"
#include "support/keys.h"
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace test {

class FakeIntermediary final : public client::Transport {
 public:
  base::Result<client::Reply> post(const std::string& body) override;

  // --- what happens to the next answers ---
  int broken_before = 0; // the next n posts fail before the request arrives
  int broken_after = 0;  // the next n answers get lost on the way
  base::ErrorCode breakage = base::ErrorCode::network;
  bool sign = true;
  bool encrypt = true;
  std::string signature_key = "intermed_sign";
  std::string encrypt_for;                         // key name; empty: the client's certificate
  std::string fault;                               // answer with this SOAP fault
  std::string refuse;                              // answer with this order-level code
  std::function<void(osci::Answer&)> change;       // last word on the answer before it is encoded
  std::function<void(const osci::Request&)> watch; // sees each request before it is carried out
  // The passive recipient that ForwardDelivery and MediateDelivery are pushed to: body to body.
  std::function<std::string(const std::string&)> endpoint;
  // Serves further types of request; false: not this one.
  std::function<bool(const osci::Request&, osci::Answer&)> more;
  std::optional<osci::ChunkLimits> chunks; // announced

  // --- what it has seen ---
  struct Kept {
    std::string id;
    osci::Content content;
    std::vector<osci::RoleCertificate> certificates;
    std::optional<std::string> subject;
    std::string creation;
    int fetched = 0;
    bool received = false;
  };
  std::vector<std::string> bodies;         // as posted, repeats included
  std::vector<osci::MessageType> requests; // as carried out
  std::vector<Kept> kept;
  bool dialog_open = false;

  Kept* find(const std::string& id);
  // Carries a request out as if it came in a message of its own.
  void carry_out(const osci::Request& request, osci::Answer& out);
  // What the next delivery fetched would be, by the request's selection; null: nothing.
  Kept* selected(const osci::Selection& selection);
  // The next request of the dialog acknowledges it.
  void await(const std::string& id) { awaiting_ = id; }
  // As after a restart: whoever goes on with the dialog gets 9400.
  void lose_dialog() { dialog_open = false; }
  static mailbox::ProcessCard card_of(const Kept& one);

 private:
  base::Result<std::string> answer(const std::string& body);
  void push(const osci::Request& request, osci::Answer& out); // fake_push.cpp

  base::SystemRandom random_;
  std::map<std::string, std::string> answered_; // identical repeats get the answer they got before
  std::string conversation_ = "4711";
  std::string challenge_;
  std::uint32_t next_sequence_ = 0;
  std::optional<crypto::Certificate> client_;
  std::string awaiting_; // id of the delivery that the next request acknowledges
  int ids_ = 0;
};

client::Identity identity(const std::string& party); // "sender", "recipient"
client::Intermediary pinned();

} // namespace test
