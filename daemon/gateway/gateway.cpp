#include "gateway/gateway.h"
#include "async/task_group.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "crypto/signature.h"
#include "gateway/chunks.h"
#include "gateway/delivery_log.h"
#include "osci/feedback.h"

namespace gateway {
namespace {

using base::ErrorCode;
using base::LogLevel;

constexpr std::size_t kWaitersPerDialog = 4;

Reply reply(std::string body) {
  return Reply{200, std::make_shared<const std::string>(std::move(body))};
}

Reply refused_before_answer(const base::Error& error) {
  Reply out{osci::outcome(error.code).http_status, std::make_shared<const std::string>()};
  if (out.status == 503) out.refused_by = error.detail;
  return out;
}

Reply sent_away(Busy busy) {
  Reply out{503, std::make_shared<const std::string>()};
  out.busy = std::move(busy);
  return out;
}

void log_refusal(const base::Error& error, std::string_view type, std::string_view party,
                 std::string_view message_id) {
  const auto& row = osci::outcome(error.code);
  base::log(row.log_level, "request.refused", "request refused",
            {{"code", std::string(row.osci_code)},
             {"error", std::string(base::to_string(error.code))},
             {"rule", error.detail},
             {"type", std::string(type)},
             {"party", std::string(party)},
             {"message_id", std::string(message_id)}});
}

Reply fault(const base::Error& error, std::string_view type = {}, std::string_view party = {}) {
  // One line for each would be a flood when there is one: Admission tells.
  if (error.code == ErrorCode::overloaded) return refused_before_answer(error);
  log_refusal(error, type, party, {});
  const auto level = osci::outcome(error.code).reply;
  if (level == osci::Reply::http) return refused_before_answer(error);
  Reply out = reply(osci::write_fault(error.code));
  out.undecryptable = error.code == ErrorCode::undecryptable;
  return out;
}

void log_legacy(const osci::Plan& plan, const osci::Policy& policy, std::string_view type) {
  for (const auto& use : plan.legacy)
    base::log(LogLevel::warning, "legacy.used", "an old algorithm was let in by an exception",
              {{"algorithm", std::string(osci::legacy_name(use.algorithm))},
               {"exception", std::to_string(use.exception + 1)},
               {"until", base::format_datetime(policy.legacy[use.exception].until)},
               {"type", std::string(type)},
               {"party", plan.party}});
}

// Whether the request came from a party whose certificates were found good, whatever became of it.
bool known_client(const osci::Plan& plan) {
  if (std::holds_alternative<osci::Fault>(plan.action)) return false;
  return !plan.refusal || (plan.refusal->code != ErrorCode::signature_wrong &&
                           plan.refusal->code != ErrorCode::signer_certificate_wrong);
}

struct Opened {
  std::shared_ptr<const seal::Message> message;
  std::string
      conversation_id; // of the unverified ControlBlock: only finds the dialog to compare with
  std::string signed_digest; // of a message without integrity (CBC); else empty
  std::shared_ptr<osci::Plan>
      plan; // of a request outside dialogs, where nothing has to be looked up
};

// What decide() needs besides the message. Copied into the job: a CPU thread has nothing else.
struct Deciding {
  std::shared_ptr<const Settings> settings;
  const mailbox::MessageIdIssuer& ids;
  base::RandomSource& random;

  std::shared_ptr<osci::Plan> decide(const seal::Message& message, base::Instant now,
                                     const mailbox::Dialog* dialog,
                                     const crypto::RevocationResults* revocation) const {
    const osci::Situation situation{now,
                                    settings->policy,
                                    *settings->directory,
                                    *settings->trust,
                                    ids,
                                    random,
                                    dialog,
                                    revocation,
                                    settings->schemas.get(),
                                    settings->agreements.get(),
                                    settings->check_content ? &settings->check_content : nullptr};
    return std::make_shared<osci::Plan>(osci::decide(message, situation));
  }
};

void log_outcome(const osci::Plan& plan, const osci::StoreOutcome& outcome,
                 const Gateway::Parts& parts) {
  if (const auto* receipt = std::get_if<mailbox::Receipt>(&outcome)) {
    if (const auto* stored = std::get_if<osci::StoreIt>(&plan.action)) {
      log_stored(stored->delivery, receipt->repeated, plan.explicit_dialog ? "0801" : "0800");
      log_metadata(receipt->card.message_id, plan.party, plan.metadata_findings);
      log_content(receipt->card.message_id, plan.party, plan.content_findings);
      note_routing(receipt->card.message_id, plan.party, plan.routing, parts.rollovers,
                   parts.clock.now());
    }
  } else if (const auto* fetched = std::get_if<mailbox::Fetched>(&outcome)) {
    if (fetched->delivery)
      base::log(LogLevel::info, "delivery.offered", "delivery handed to the recipient",
                {{"message_id", fetched->delivery->card.message_id},
                 {"mailbox", fetched->delivery->mailbox},
                 {"party", plan.party},
                 {"code", "0801"}});
    else
      base::log(LogLevel::debug, "mailbox.empty", "nothing to fetch",
                {{"mailbox", plan.mailbox}, {"party", plan.party}, {"code", "9803"}});
  } else if (std::holds_alternative<osci::OpenDialog>(plan.action)) {
    base::log(LogLevel::info, "dialog.opened", "dialog opened", {{"party", plan.party}});
  } else if (plan.turn && plan.turn->close) {
    base::log(LogLevel::info, "dialog.closed", "dialog closed", {{"party", plan.party}});
  }
}

bool shows_delivery(const base::Result<osci::StoreOutcome>& outcome) {
  if (!outcome) return false;
  if (const auto* fetched = std::get_if<mailbox::Fetched>(&*outcome))
    return fetched->delivery.has_value();
  return std::holds_alternative<mailbox::ChunkOut>(*outcome);
}

// What the answer has to carry besides itself.
std::size_t octets_of(const base::Result<osci::StoreOutcome>& outcome) {
  std::size_t out = 0;
  if (!outcome) return out;
  if (const auto* fetched = std::get_if<mailbox::Fetched>(&*outcome); fetched && fetched->delivery)
    for (const auto& part : fetched->delivery->parts) out += part.bytes.size();
  if (const auto* chunk = std::get_if<mailbox::ChunkOut>(&*outcome)) out = chunk->bytes.size();
  return out;
}

bool met_full_mailbox(const osci::Plan& plan, const base::Result<osci::StoreOutcome>& outcome) {
  if (plan.refusal) return false;
  if (!outcome) return outcome.error().code == ErrorCode::mailbox_full;
  const auto* report = std::get_if<osci::TransferReport>(&*outcome);
  return report && report->refused && report->refused->code == ErrorCode::mailbox_full;
}

// The store's part of a plan; on a database thread.
base::Result<osci::StoreOutcome> carry_out_now(mailbox::Store& store, const osci::Plan& plan,
                                               std::uint32_t max_open_dialogs,
                                               std::uint64_t most_waiting) {
  using Outcome = base::Result<osci::StoreOutcome>;
  const auto nothing = [](const base::Result<>& done) -> Outcome {
    if (!done) return done.error();
    return osci::StoreOutcome{};
  };
  const auto value = [](auto done) -> Outcome {
    if (!done) return done.error();
    return osci::StoreOutcome{std::move(*done)};
  };
  if (const auto* open = std::get_if<osci::OpenDialog>(&plan.action))
    return nothing(store.open_dialog(open->dialog, max_open_dialogs));
  if (const auto* delivery = std::get_if<osci::StoreIt>(&plan.action)) {
    const auto& what = delivery->delivery;
    if (const auto room =
            room_in_mailbox(store, what.mailbox, what.originator, what.message_id, most_waiting);
        !room)
      return room.error();
    return value(store.store(delivery->delivery, plan.turn, delivery->refused_result));
  }
  if (const auto* fetch = std::get_if<osci::FetchIt>(&plan.action)) {
    if (!plan.turn) return value(store.read(fetch->selection));
    return value(store.fetch(fetch->selection, *plan.turn));
  }
  if (const auto* cards = std::get_if<osci::ListCards>(&plan.action))
    return value(store.cards(cards->selection, plan.turn));
  if (plan.turn) return nothing(store.take_turn(*plan.turn));
  return osci::StoreOutcome{};
}

} // namespace

seal::OpenOptions request_limits() {
  seal::OpenOptions out;
  out.direction = seal::Direction::request;
  out.mime.header_line = 8 * 1024;
  out.mime.header_lines = 48;
  out.mime.parts = 1000;
  out.xml.size = 64 * 1024 * 1024;
  out.xml.depth = 56;
  out.xml.elements = 20'000;
  out.xml.attributes = 24;
  out.xml.namespaces = 24;
  out.xml.attribute_value = 32 * 1024;
  return out;
}

Gateway::Gateway(Parts parts, std::shared_ptr<const Settings> settings,
                 std::size_t answer_cache_bytes)
    : parts_(parts), settings_(std::move(settings)), admission_(parts.admission, parts.steady_now),
      pushes_({parts.clock, parts.random, parts.store, parts.ids, parts.cpu, parts.db, parts.push,
               parts.revocation, parts.rollovers}),
      dialogs_(kWaitersPerDialog), answers_(answer_cache_bytes),
      chunks_(parts.transfers ? std::make_unique<Chunks>(parts) : nullptr) {}

Gateway::~Gateway() = default;

asio::awaitable<Reply> Gateway::handle(std::shared_ptr<const std::string> body,
                                       std::string content_type) {
  const auto arrived = RefusalTimes::Clock::now();
  const std::size_t octets = body->size();
  std::string bug;
  try {
    Reply out = co_await answer(std::move(body), std::move(content_type));
    if (out.undecryptable) {
      const auto due =
          refusal_times_.due(settings_->refusal_step, arrived, RefusalTimes::Clock::now(), octets);
      co_await async::sleep_until(due);
    }
    if (out.status == 503 && out.busy.retry_after_seconds == 0)
      out.busy = admission_.overloaded(out.refused_by);
    co_return out;
  } catch (const base::InternalError& error) {
    bug = error.what();
  } catch (const std::bad_alloc&) {
    bug = "out of memory";
  }
  base::log(LogLevel::critical, "request.bug", "request ended by an internal error",
            {{"error", bug}});
  co_return reply(osci::write_fault(ErrorCode::internal));
}

asio::awaitable<Reply> Gateway::answer(std::shared_ptr<const std::string> body,
                                       std::string content_type) {
  const auto settings = settings_;
  const std::size_t octets = body->size();
  const auto options =
      osci::legacy_options(settings->open, settings->policy.legacy, parts_.clock.now());
  const bool asks_nobody = !parts_.revocation;
  auto open_job = [settings, options, body = std::move(body),
                   content_type = std::move(content_type), asks_nobody, &clock = parts_.clock,
                   &ids = parts_.ids, &random = parts_.random]() mutable -> base::Result<Opened> {
    auto message = seal::open(*body, content_type, settings->cipher_keys, options, random);
    if (!message) return message.error();
    Opened out;
    out.message = std::make_shared<const seal::Message>(std::move(*message));
    const auto& transport = out.message->transport();
    if (transport.encrypted && !crypto::cipher_is_gcm(transport.cipher))
      out.signed_digest = out.message->signed_digest();
    out.conversation_id = osci::named_dialog(*out.message);
    // The common case, a request outside dialogs, needs no second turn in the queue.
    if (asks_nobody && out.conversation_id.empty() && out.signed_digest.empty())
      out.plan =
          Deciding{settings, ids, random}.decide(*out.message, clock.now(), nullptr, nullptr);
    return out;
  };
  // The one step that may be refused for want of time: from here on the request is work begun.
  const async::Place as_new{admission_.lane_of(octets)};
  auto opened = co_await parts_.cpu.run(std::move(open_job), as_new);
  if (!opened) co_return fault(opened.error());
  const std::string signed_digest = opened->signed_digest;
  if (!signed_digest.empty() &&
      (!of_known_clients_.fits(signed_digest, opened->message->digest()) ||
       !of_anybody_.accept(signed_digest, opened->message->digest())))
    co_return fault(base::fail(ErrorCode::undecryptable, "signed content seen in other octets"));

  // One request at a time in each dialog; a silent re-send that overtakes its original waits here
  // and then finds the answer (7.4).
  const std::string conversation_id = opened->conversation_id;
  if (conversation_id.empty())
    co_return co_await answer_opened(std::move(opened->message), settings, conversation_id,
                                     signed_digest, octets, std::move(opened->plan));
  auto guard = co_await dialogs_.acquire(conversation_id);
  if (!guard) co_return fault(guard.error());
  co_return co_await answer_opened(std::move(opened->message), settings, conversation_id,
                                   signed_digest, octets, std::move(opened->plan));
}

asio::awaitable<Reply> Gateway::answer_opened(std::shared_ptr<const seal::Message> message,
                                              std::shared_ptr<const Settings> settings,
                                              std::string conversation_id,
                                              std::string signed_digest, std::size_t octets,
                                              std::shared_ptr<osci::Plan> plan) {
  const std::string type = message->type(), digest = message->digest();
  std::optional<mailbox::Dialog> dialog;
  if (!conversation_id.empty()) {
    // Every use of an old algorithm is looked at and logged; the repeat is answered by the plan.
    const bool cacheable = osci::legacy_algorithms(message->transport()).empty();
    if (auto known = cacheable ? answers_.find(conversation_id, digest) : nullptr) {
      base::log(LogLevel::info, "request.repeated", "identical repeat answered as before",
                {{"type", type}});
      co_return Reply{200, std::move(known)};
    }
    auto find_job = [&store = parts_.store, conversation_id] {
      return store.find_dialog(conversation_id);
    };
    auto found = co_await parts_.db.run(std::move(find_job));
    if (!found) co_return fault(found.error(), type);
    dialog = std::move(*found);
  }

  if (message->transport().encrypted && own_cipher_revoked(*settings))
    co_return fault(
        base::fail(ErrorCode::own_cipher_revoked, "encrypted for a revoked certificate"), type);
  if (!plan) {
    const auto revocation = co_await revocation_of(message, settings);
    const base::Instant now = parts_.clock.now();
    auto decide_job = [message, settings, dialog, now, revocation, &ids = parts_.ids,
                       &random = parts_.random] {
      return Deciding{settings, ids, random}.decide(*message, now, dialog ? &*dialog : nullptr,
                                                    revocation.get());
    };
    const async::Place begun{admission_.lane_of(octets), true};
    auto decided = co_await parts_.cpu.run(std::move(decide_job), begun);
    if (!decided) co_return fault(decided.error(), type);
    plan = std::move(*decided);
  }
  log_legacy(*plan, settings->policy, type);
  if (!signed_digest.empty() && known_client(*plan))
    of_known_clients_.accept(signed_digest, digest);

  if (const auto* broken = std::get_if<osci::Fault>(&plan->action)) {
    const base::Error error = broken->error;
    if (broken->close_dialog) {
      const auto closed = co_await close_dialog(*broken->close_dialog);
      if (!closed)
        base::log(LogLevel::error, "dialog.not_closed", "a broken dialog could not be closed",
                  {{"error", std::string(base::to_string(closed.error().code))}});
    }
    co_return fault(error, type, plan->party);
  }

  // Now that the signature is good, and before anything is stored or asked for.
  if (known_client(*plan) && !plan->party.empty()) {
    const bool goes_on = plan->turn || plan->repeat;
    Busy busy;
    if (admission_.refuses(plan->party, octets, goes_on, busy))
      co_return sent_away(std::move(busy));
  }

  co_await stamp_creation(plan);
  co_await stamp_reception(plan);
  auto outcome = co_await carry_out(plan, settings);
  if (!outcome) {
    const base::Error error = outcome.error();
    // A concurrent request of the same dialog was faster on another node, or the database is too
    // busy to take this one: nothing has changed, and no order-level answer fits the dialog's
    // state.
    if (error.code == ErrorCode::control_block || error.code == ErrorCode::overloaded)
      co_return fault(error, type, plan->party);
  } else {
    log_outcome(*plan, *outcome, parts_);
  }
  // The repeat of a fetch that cannot show the delivery again must not hand out the challenge
  // either: the client's next request would acknowledge what it never saw. The dialog ends, the
  // delivery stays.
  const bool repeats_fetch =
      plan->repeat && (std::holds_alternative<osci::FetchIt>(plan->action) ||
                       std::holds_alternative<osci::FetchChunkIt>(plan->action));
  if (repeats_fetch && !shows_delivery(outcome)) {
    const auto ended = co_await close_dialog(conversation_id);
    if (!ended)
      base::log(LogLevel::error, "dialog.not_closed", "a dialog could not be closed",
                {{"error", std::string(base::to_string(ended.error().code))}});
    co_return fault(base::fail(ErrorCode::internal, "repeated fetch without delivery"), type,
                    plan->party);
  }
  if (met_full_mailbox(*plan, outcome))
    admission_.count_full(plan->mailbox, plan->party);
  else if (plan->refusal || !outcome)
    log_refusal(plan->refusal ? *plan->refusal : outcome.error(), type, plan->party,
                plan->message_id.value_or(""));
  base::crash_point("gateway.before_answer");

  const async::Place to_close{admission_.lane_of(octets_of(outcome)), true};
  const std::string party = plan->party;
  // The last owner of the request and of the plan: they are freed where the work is done.
  auto close_job = [plan = std::move(plan), outcome = std::move(outcome), settings,
                    message = std::move(message),
                    &random = parts_.random]() -> base::Result<std::string> {
    const auto answer = osci::conclude(*plan, outcome);
    if (!answer) return answer.error();
    // An order-level error that cannot be encrypted for anybody travels as a fault (3.5, 3.6).
    if (!plan->encrypt_for && message->transport().encrypted)
      return osci::write_fault(answer->feedback.front().code);
    const auto draft = osci::encode_answer(
        *answer, osci::Identity{settings->signature_key.certificate, settings->policy.chunks},
        true);
    seal::SignWith sign{
        settings->signature_key,
        osci::certificate_id("intermed_signature", settings->signature_key.certificate),
        settings->signature_algorithm, crypto::DigestAlgorithm::sha256};
    std::optional<seal::EncryptFor> encrypt;
    if (plan->encrypt_for) {
      encrypt =
          seal::EncryptFor{*plan->encrypt_for, plan->answer_encryption.cipher,
                           plan->short_iv ? std::size_t{12} : std::size_t{16},
                           plan->answer_encryption.key_transport, message->transport().base64};
    }
    return seal::close(draft, sign, encrypt, random);
  };
  auto closed = co_await parts_.cpu.run(std::move(close_job), to_close);
  if (!closed) {
    // The plan is carried out but its answer could not be made; the client repeats the identical
    // request and gets the stored result.
    co_return fault(closed.error(), type, party);
  }
  auto body = std::make_shared<const std::string>(std::move(*closed));
  if (!conversation_id.empty()) answers_.put(conversation_id, digest, body);
  co_return Reply{200, std::move(body)};
}

asio::awaitable<base::Result<>> Gateway::close_dialog(std::string conversation_id) {
  answers_.forget(conversation_id);
  auto job = [&store = parts_.store, conversation_id] {
    return store.close_dialog(conversation_id);
  };
  const async::Place begun{async::Lane::brief, true};
  co_return co_await parts_.db.run(std::move(job), begun);
}

asio::awaitable<base::Result<osci::StoreOutcome>>
Gateway::carry_out(std::shared_ptr<osci::Plan> plan, std::shared_ptr<const Settings> settings) {
  const bool needs_store = plan->turn || !std::holds_alternative<osci::TakeTurn>(plan->action);
  if (!needs_store) co_return osci::StoreOutcome{};
  const std::uint32_t max_open = settings->policy.max_open_dialogs;
  base::Result<osci::StoreOutcome> outcome = osci::StoreOutcome{};
  if (Chunks::serves(*plan)) {
    base::check(chunks_ != nullptr, "chunks are offered but not served");
    outcome = co_await chunks_->carry_out(plan, settings);
    if (!outcome) co_return co_await after_failure(plan, std::move(outcome));
    if (!std::holds_alternative<std::monostate>(*outcome)) co_return outcome;
  }
  auto job = [&store = parts_.store, plan, max_open,
              most_waiting = parts_.admission.mailbox_waiting] {
    return carry_out_now(store, *plan, max_open, most_waiting);
  };
  if (std::holds_alternative<osci::PushIt>(plan->action)) {
    auto pushed = co_await pushes_.carry_out(plan, settings);
    if (pushed)
      outcome = osci::StoreOutcome(std::move(*pushed));
    else
      outcome = pushed.error();
  } else {
    outcome = co_await parts_.db.run(std::move(job));
  }
  if (outcome) co_return outcome;
  co_return co_await after_failure(plan, std::move(outcome));
}

asio::awaitable<base::Result<osci::StoreOutcome>>
Gateway::after_failure(std::shared_ptr<osci::Plan> plan, base::Result<osci::StoreOutcome> outcome) {
  if (!plan->turn) co_return outcome;
  // The order failed and left the store unchanged, so the client's next request would not fit.
  // Taking the turn alone keeps the challenge chain; if even that fails the client opens a new
  // dialog.
  const auto code = outcome.error().code;
  if (code != ErrorCode::storage_full && code != ErrorCode::storage_failure &&
      code != ErrorCode::quota_exceeded && code != ErrorCode::mailbox_full &&
      code != ErrorCode::fetch_in_chunks)
    co_return outcome;
  auto turn = *plan->turn;
  turn.result = "refused:" + std::string(osci::outcome(code).osci_code);
  auto turn_job = [&store = parts_.store, turn] { return store.take_turn(turn); };
  const async::Place begun{async::Lane::brief, true};
  const auto taken = co_await parts_.db.run(std::move(turn_job), begun);
  if (!taken)
    base::log(LogLevel::error, "dialog.stuck", "a dialog could not go on after a storage error",
              {{"error", std::string(base::to_string(taken.error().code))}});
  co_return outcome;
}

asio::awaitable<void> Gateway::expire_dialogs(base::Instant idle_before,
                                              base::Instant forget_before) {
  auto job = [&store = parts_.store, idle_before, forget_before] {
    return store.expire_dialogs(idle_before, forget_before);
  };
  const auto expired = co_await parts_.db.run(std::move(job));
  if (!expired)
    base::log(LogLevel::error, "dialog.expiry_failed", "idle dialogs could not be closed",
              {{"error", std::string(base::to_string(expired.error().code))}});
  else if (*expired > 0)
    base::log(LogLevel::info, "dialog.expired", "idle dialogs closed",
              {{"count", std::to_string(*expired)}});
}

asio::awaitable<void> Gateway::resume_transfers() {
  if (chunks_) co_await chunks_->resume(settings_);
}

asio::awaitable<void> Gateway::expire_transfers(base::Instant unused_before) {
  if (chunks_) co_await chunks_->expire(unused_before);
}

std::size_t Gateway::transfers_in_work() const {
  return chunks_ ? chunks_->in_work() : 0;
}

} // namespace gateway
