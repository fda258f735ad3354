// What a case works with: the parties, the intermediary under test, tools to compose requests, to
// send them and to understand the answers. One thread, but for post().
#pragma once
#include "base/random.h"
#include "cli/conformance/case.h"
#include "cli/conformance/passive_recipient.h"
#include "client/session.h"
#include "crypto/self_signed.h"
#include "http/client.h"
#include "osci/message.h"
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace cli::conformance {

struct Party {
  std::string name; // "sender", for reports
  crypto::KeyPair cipher;
  crypto::KeyPair signature;
};

// What the user named.
struct Setup {
  std::string url;
  std::string ca_file;
  client::Intermediary intermediary;
  Party sender;
  Party recipient;
  std::optional<Party> other; // a second recipient: a foreign mailbox
  std::string certificates;   // folder of further key pairs; empty: none
  std::string certificates_pin;
  base::Milliseconds request_limit{30'000};
  std::uint64_t seed = 1;
  std::size_t oracle_tries = 240;
  bool allows_clear = false;        // the intermediary's policy takes unencrypted requests
  bool allows_unsigned = false;     // or unsigned ones
  bool allows_legacy = false;       // CBC and RSA 1.5 are switched on
  std::optional<ListenAt> listen{}; // where the recipient takes pushes
};

struct Reply {
  unsigned status = 0;
  std::string content_type;
  std::string body;
  double milliseconds = 0;
};

// An answer as its addressee understands it. What could not be decrypted, is not signed by the
// pinned certificate or breaks the structure never becomes one.
struct Heard {
  std::string code; // of the fault or of the first Feedback entry; "HTTP 413" without OSCI answer
  bool fault = false;
  osci::Answer answer;                          // empty with a fault
  std::shared_ptr<const seal::Message> message; // null without OSCI message
  Reply reply;

  bool says(std::string_view one) const; // among the codes of Feedback
  std::string codes() const;             // "0801 3800"
};

class Bench;

// An explicit dialog. Owned by the bench, which ends it after the case.
class Dialog {
 public:
  // `encrypted_for`: whose cipher certificate the dialog is opened with.
  Dialog(Bench& bench, const Party& party);

  osci::Request next(osci::MessageType type) const; // with the right ControlBlock
  // Composes, sends, checks the ControlBlock of the answer and takes its Challenge over.
  Heard send(const osci::Request& request);
  Heard exchange(const std::string& wire, const osci::Request& request);
  Heard fetch(const std::string& id); // FetchDelivery by message id
  Heard exit();

  const Party& party;
  std::string conversation_id;
  std::string challenge;
  std::uint32_t sequence = 0;
  bool open = true;
  Heard opened; // the answer to InitDialog

 private:
  Bench& bench_;
};

struct Deposit {
  std::string id;
  Heard heard;
  const mailbox::ProcessCard& card() const { return heard.answer.cards.front(); }
};

class Bench {
 public:
  explicit Bench(Setup setup);

  const Setup& setup() const { return setup_; }
  const Party& sender() const { return setup_.sender; }
  const Party& recipient() const { return setup_.recipient; }
  const Party& other() const;  // NotRun without one
  PassiveRecipient& passive(); // the recipient as it listens; NotRun without --listen
  // From the folder of --certificates: NAME.p12, or NAME.key.pem with NAME.cert.pem. NotRun.
  crypto::KeyPair material(const std::string& name) const;
  Party material_party(const std::string& name) const; // NAME-cipher and NAME-signature
  // Nobody's certificate: self-signed, made once.
  const Party& stranger();

  base::RandomSource& random() { return random_; }
  std::size_t choose(std::size_t below); // repeatable by --seed
  const osci::Features& features();      // what the intermediary announces

  // --- composing ---
  std::string challenge() { return base64_of(10); }
  osci::Request request(const Party& party, osci::MessageType type); // implicit
  // A StoreDelivery of sender for recipient under a fresh message id, small clear content.
  osci::Request delivery(const std::string& payload = "Konformitätsprüfung");
  osci::Request delivery_of(const Party& from, const std::string& id, const std::string& payload);
  seal::SignWith signing(const Party& party) const;
  seal::EncryptFor encrypting() const;
  std::string seal(const Party& party, const osci::Request& request, bool sign = true,
                   bool encrypt = true);
  std::string close(const seal::Draft& draft, const std::optional<seal::SignWith>& sign,
                    const std::optional<seal::EncryptFor>& encrypt);
  std::string clear(const osci::Request& request) { return seal(sender(), request, true, false); }
  std::string wrap(std::string_view plain) const;

  // --- talking ---
  // Errors of the network: Unreachable. Thread-safe.
  Reply post(const std::string& wire, const std::string& content_type = "text/xml") const;
  Reply post_chunked(const std::string& wire) const;
  // Unmet when the answer must not be believed. `reader` null: any of our parties.
  Heard hear(Reply reply, const Party* reader = nullptr);
  Heard send(const std::string& wire, const Party* reader = nullptr);
  // Composes, sends and checks the answer's ControlBlock and encryption.
  Heard ask(const Party& party, const osci::Request& request);
  void check_echo(const osci::Request& request, const Heard& heard) const;

  // --- routine ---
  std::string fresh_id();
  Deposit deposit(const std::string& payload = "Konformitätsprüfung");
  Deposit store(const osci::Request& request); // demands 0800
  Dialog& dialog(const Party& party);
  // The process card as the party sees it, asked for in a dialog apart.
  std::optional<mailbox::ProcessCard> card(const std::string& id, const Party& party);
  std::optional<mailbox::ProcessCard> card(const std::string& id) { return card(id, sender()); }
  Heard cards(const Party& party, const osci::Selection& selection);
  // The id of the last delivery composed in this case; empty: none.
  const std::string& last_id() const { return last_id_; }
  const std::set<std::string>& own_ids() const { return own_ids_; }
  void keep(const std::string& id) { own_ids_.insert(id); } // got otherwise than by fresh_id()

  void begin_case() { last_id_.clear(); }
  void end_case(); // ends dialogs that are still open
  // Fetches and acknowledges what this run has left in the recipient's mailbox.
  std::size_t clean_up();

 private:
  std::string base64_of(std::size_t octets);
  Dialog& auditor(const Party& party);

  Setup setup_;
  base::SystemRandom random_;
  std::mt19937_64 choice_;
  http::Client http_;
  http::ClientLimits limits_;
  std::optional<osci::Features> features_;
  std::optional<Party> stranger_;
  std::unique_ptr<PassiveRecipient> passive_;
  std::vector<std::unique_ptr<Dialog>> dialogs_;
  std::map<std::string, std::unique_ptr<Dialog>> auditors_;
  std::set<std::string> own_ids_;
  std::string last_id_;
};

// Whose subject a delivery of this suite carries, so that later runs know it as such.
inline constexpr std::string_view kSubject = "OSCI conformance test";

// --- what cases demand ---
[[noreturn]] void unmet(const std::string& what);
void expect(bool condition, const std::string& what);
// `codes`: "9100 or 9300"; HTTP refusals as "HTTP 4xx". Returns the code heard.
std::string expect_code(const Heard& heard, std::string_view codes);
bool code_fits(std::string_view heard, std::string_view codes);

osci::Request by_ids(osci::Request request, std::vector<std::string> ids);
osci::Request since(osci::Request request, osci::Selection::Rule rule, base::Instant at);
osci::RoleCertificate role(const char* name, const char* id,
                           const crypto::Certificate& certificate);

// A hostile or odd message: composed, sent, answered with one of `codes`, and without effect.
struct Message {
  const char* name;
  const char* section;
  const char* codes;
  const char* title;
  std::function<std::string(Bench&)> wire;
};
void add_messages(std::vector<Case>& out, const char* group, const std::vector<Message>& table);

} // namespace cli::conformance
