#include "gateway/pushes.h"
#include "async/task_group.h"
#include "authority/revocation.h"
#include "base/crash_point.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/seeded_fault.h"
#include "gateway/delivery_log.h"
#include "gateway/gateway.h"
#include "osci/feedback.h"
#include <optional>
#include <utility>

namespace gateway {

using base::ErrorCode;
using base::fail;
using base::LogLevel;

namespace {

constexpr std::size_t kWaitersPerMessage = 4;
constexpr std::size_t kChallengeOctets = 18;
// A push that has begun must come to its end although the pools are full for a moment.
constexpr int kPatience = 100;
constexpr std::chrono::milliseconds kPause{100};

template <class F>
asio::awaitable<async::WorkPool::Outcome<F>> patiently(async::WorkPool& pool, F job) {
  for (int round = 1;; ++round) {
    F copy = job;
    const async::Place begun{async::Lane::brief, true};
    auto out = co_await pool.run(std::move(copy), begun);
    if (out || out.error().code != ErrorCode::overloaded || round == kPatience) co_return out;
    co_await async::sleep_for(kPause);
  }
}

osci::Verdict failure(ErrorCode code, std::string rule) {
  osci::Verdict out;
  out.error = fail(code, std::move(rule));
  return out;
}

// The HTTP server in front of the recipient refused; the recipient has not seen the message.
bool refused_by_http(unsigned status) {
  return (status >= 300 && status < 500) || status == 503;
}

void log_end(const osci::Plan& plan, const osci::PushOrder& order, const osci::Verdict& verdict,
             const mailbox::Push& push) {
  const auto level = verdict.error ? osci::outcome(verdict.error->code).log_level : LogLevel::info;
  base::log(level, verdict.error ? "push.failed" : "push.accepted",
            verdict.error ? "a passive recipient did not take a delivery"
                          : "a passive recipient took a delivery",
            {{"message_id", plan.message_id.value_or("")},
             {"party", plan.party},
             {"type", std::string(osci::type_name(order.type))},
             {"target", order.uri},
             {"code", push.code},
             {"recipient_code", verdict.recipient_code},
             {"rule", verdict.error ? verdict.error->detail : std::string{}}});
}

} // namespace

struct Pushes::Sent {
  osci::Verdict verdict;
  bool answered = false; // for the circuit breaker
};

Pushes::Pushes(Parts parts)
    : parts_(parts), by_message_id_(kWaitersPerMessage), targets_(parts.clock, parts.push.limits) {}

asio::awaitable<base::Result<mailbox::Push>>
Pushes::carry_out(std::shared_ptr<const osci::Plan> plan,
                  std::shared_ptr<const Settings> settings) {
  if (!parts_.push.transport || !parts_.push.pool)
    co_return fail(ErrorCode::overloaded, "no transport to passive recipients");
  const auto order = std::get<osci::PushIt>(plan->action).order;
  auto push = std::make_shared<mailbox::Push>();
  push->feedback = plan->warnings;

  if (!order->record) {
    auto permit = co_await targets_.acquire(order->uri, order->octets());
    if (!permit) co_return permit.error();
    if (plan->turn) {
      auto turn_job = [&store = parts_.store, plan] { return store.take_turn(*plan->turn); };
      const auto taken = co_await parts_.db.run(std::move(turn_job));
      if (!taken) co_return taken.error();
    }
    // Dying from here on: the repeat finds that the turn is taken and no answer, and is refused.
    co_return co_await dial(plan, std::move(settings), std::move(*permit), push);
  }

  // A silent re-send while the first is on its way waits for the outcome here, whatever dialog it
  // comes in.
  const std::string message_id = order->record->delivery.message_id;
  const auto alone = co_await by_message_id_.acquire(message_id);
  if (!alone) co_return alone.error();
  const auto settled = [](const mailbox::Push& known) {
    return known.repeated && (known.finished || known.card.forwarding);
  };
  if (!plan->turn) {
    auto find_job = [&store = parts_.store, order] {
      const auto& delivery = order->record->delivery;
      return store.find_push(delivery.message_id, delivery.request_digest);
    };
    auto known = co_await parts_.db.run(std::move(find_job));
    if (!known) co_return known.error();
    if (*known) *push = std::move(**known);
  }
  // The wait for a turn comes first: until begin_push() nothing has happened, and the sender may be
  // told to come later.
  PushTargets::Permit permit;
  if (!settled(*push)) {
    auto acquired = co_await targets_.acquire(order->uri, order->octets());
    if (!acquired) co_return acquired.error();
    permit = std::move(*acquired);
    auto begin_job = [&store = parts_.store, plan, order] {
      const auto& it = std::get<osci::PushIt>(plan->action);
      mailbox::NewPush record = *order->record;
      record.delivery.creation_token = it.creation_token;
      record.delivery.feedback.insert(record.delivery.feedback.end(), it.further_warnings.begin(),
                                      it.further_warnings.end());
      return store.begin_push(record, plan->turn, it.refused_result);
    };
    auto begun = co_await parts_.db.run(std::move(begin_job));
    if (!begun) co_return begun.error();
    *push = std::move(*begun);
    // Dying from here to forward_push(): the id is spent, the card has its Creation, nothing has
    // left. The identical repeat comes to this place again and pushes.
    base::crash_point("gateway.push_begun");
  }
  if (push->finished) {
    if (base::seeded_fault("pushed-twice")) {
      const auto again = std::make_shared<mailbox::Push>(*push);
      [[maybe_unused]] const Sent second = co_await send(order, settings, again);
    }
    base::log(LogLevel::info, "push.repeated", "outcome of a push repeated",
              {{"message_id", message_id}, {"party", plan->party}, {"code", push->code}});
    co_return std::move(*push);
  }
  if (settled(*push)) {
    // The daemon died between Forwarding and the outcome. Only the recipient knows; pushing again
    // could deliver twice.
    auto verdict = failure(ErrorCode::push_uncertain, "the daemon ended while it was pushing");
    co_return co_await finish(plan, push, std::move(verdict));
  }
  log_metadata(message_id, plan->party, plan->metadata_findings);
  log_content(message_id, plan->party, plan->content_findings);
  note_routing(message_id, plan->party, plan->routing, parts_.rollovers, parts_.clock.now());
  co_return co_await dial(plan, std::move(settings), std::move(permit), push);
}

asio::awaitable<mailbox::Push> Pushes::dial(std::shared_ptr<const osci::Plan> plan,
                                            std::shared_ptr<const Settings> settings,
                                            PushTargets::Permit permit,
                                            std::shared_ptr<mailbox::Push> push) {
  const auto order = std::get<osci::PushIt>(plan->action).order;
  if (!permit.closed_circuit()) {
    auto verdict = failure(ErrorCode::push_not_delivered, "the recipient did not answer lately");
    co_return co_await finish(plan, push, std::move(verdict));
  }
  if (order->record) {
    auto forward_job = [&store = parts_.store, order, now = parts_.clock.now()] {
      return store.forward_push(order->record->delivery.message_id, now);
    };
    auto forwarded = co_await patiently(parts_.db, std::move(forward_job));
    if (!forwarded) {
      // Nothing has left and nothing is lost: the identical repeat begins again at this place.
      base::log(LogLevel::error, "push.not_forwarded", "a push could not be recorded",
                {{"message_id", plan->message_id.value_or("")},
                 {"error", std::string(base::to_string(forwarded.error().code))}});
      push->code = osci::outcome(ErrorCode::storage_failure).osci_code;
      co_return std::move(*push);
    }
    *push = std::move(*forwarded);
    // Dying from here to finish_push(): the message may have arrived. The repeat answers 9810 with
    // the card and does not push.
    base::crash_point("gateway.push_forwarded");
  }
  Sent sent = co_await send(order, settings, push);
  permit.report(sent.answered);
  base::crash_point("gateway.push_answered");
  co_return co_await finish(plan, push, std::move(sent.verdict));
}

asio::awaitable<Pushes::Sent> Pushes::send(std::shared_ptr<const osci::PushOrder> order,
                                           std::shared_ptr<const Settings> settings,
                                           std::shared_ptr<const mailbox::Push> push) {
  Sent out;
  const std::string challenge = base::base64_encode_line(parts_.random.bytes(kChallengeOctets));
  auto build_job = [order, settings, push, challenge,
                    &random = parts_.random]() -> base::Result<std::string> {
    const osci::OwnCertificates own{settings->cipher_keys.front().certificate,
                                    settings->signature_key.certificate};
    const auto draft = osci::encode_request(
        osci::push_request(*order, own, challenge, order->record ? push.get() : nullptr));
    const seal::SignWith sign{settings->signature_key, osci::push_signature_id(own),
                              settings->signature_algorithm, crypto::DigestAlgorithm::sha256};
    // 16 octets without IvLength: nothing is known of the recipient's age (5.4).
    const seal::EncryptFor encrypt{order->recipient, crypto::Cipher::aes256_gcm, 16,
                                   crypto::KeyTransport{}, false};
    return seal::close(draft, sign, encrypt, random);
  };
  auto message = co_await patiently(parts_.cpu, std::move(build_job));
  if (!message) {
    out.verdict = failure(ErrorCode::push_not_delivered,
                          "the message could not be made: " + message.error().detail);
    out.answered = true; // not the target's fault
    co_return out;
  }

  auto post_job = [order, body = std::make_shared<const std::string>(std::move(*message)),
                   &transport = *parts_.push.transport] {
    return std::make_shared<const Attempt>(transport.post(order->uri, order->ca, *body));
  };
  const auto attempted = co_await patiently(*parts_.push.pool, std::move(post_job));
  if (!attempted) {
    out.verdict = failure(ErrorCode::push_not_delivered, "no thread to push with");
    out.answered = true;
    co_return out;
  }
  const std::shared_ptr<const Attempt> attempt = *attempted;
  if (!attempt->answer || !attempt->handed_over) {
    const std::string rule = attempt->answer
                                 ? "HTTP status " + std::to_string(attempt->answer->status) +
                                       " before the whole message was sent"
                                 : attempt->answer.error().detail;
    out.verdict = failure(
        attempt->handed_over ? ErrorCode::push_uncertain : ErrorCode::push_not_delivered, rule);
    out.answered = attempt->answer && attempt->answer->status < 500;
    co_return out;
  }

  auto open_job = [settings, attempt, &random = parts_.random] {
    auto options = settings->open;
    options.direction = seal::Direction::push_answer;
    const auto& answer = *attempt->answer;
    return std::make_shared<const base::Result<seal::Message>>(
        seal::open(answer.body, answer.content_type, settings->cipher_keys, options, random));
  };
  const auto read = co_await patiently(parts_.cpu, std::move(open_job));
  if (!read) {
    out.verdict = failure(ErrorCode::push_uncertain, "no time to read the recipient's answer");
    out.answered = true;
    co_return out;
  }
  // The recipient's own signature certificate is seen only now.
  std::shared_ptr<const crypto::RevocationResults> revocation;
  if (parts_.revocation && **read) {
    auto certificates = osci::certificates_to_check(***read);
    revocation = co_await parts_.revocation->check(std::move(certificates), settings->trust);
  }
  auto judge_job = [order, settings, push, attempt, challenge, opened_answer = *read, revocation,
                    now = parts_.clock.now(), &ids = parts_.ids, &random = parts_.random] {
    auto judged = std::make_shared<Sent>();
    const auto& answer = *attempt->answer;
    const auto& opened = *opened_answer;
    judged->answered = opened || answer.status < 500;
    if (!opened && refused_by_http(answer.status)) {
      judged->verdict =
          failure(ErrorCode::push_not_delivered, "HTTP status " + std::to_string(answer.status));
      return judged;
    }
    const osci::Situation situation{
        now,    settings->policy, *settings->directory, *settings->trust, ids,
        random, nullptr,          revocation.get()};
    judged->verdict = osci::judge(opened, *order, challenge, push->reply_id, situation);
    return judged;
  };
  const auto judged = co_await patiently(parts_.cpu, std::move(judge_job));
  if (!judged) {
    out.verdict = failure(ErrorCode::push_uncertain, "no time to read the recipient's answer");
    out.answered = true;
    co_return out;
  }
  out = std::move(**judged);
  co_return out;
}

asio::awaitable<mailbox::Push> Pushes::finish(std::shared_ptr<const osci::Plan> plan,
                                              std::shared_ptr<mailbox::Push> push,
                                              osci::Verdict verdict) {
  const auto order = std::get<osci::PushIt>(plan->action).order;
  const auto code_of = [](const std::optional<base::Error>& error) {
    return error ? std::string(osci::outcome(error->code).osci_code) : std::string{};
  };
  auto result = std::make_shared<mailbox::PushResult>();
  result->code = code_of(verdict.error);
  result->warnings = verdict.warnings;
  result->received = verdict.received;
  result->inspections = verdict.inspections;
  result->reply = std::move(verdict.reply);
  result->now = parts_.clock.now();
  if (result->reply && plan->explicit_dialog)
    result->reply->conversation_id = plan->control.conversation_id.value_or("");

  if (!order->record) {
    push->code = result->code;
    push->warnings = result->warnings;
    if (result->reply) {
      auto& reply = push->reply.emplace();
      reply.context = std::move(result->reply->delivery.context);
      reply.parts = std::move(result->reply->delivery.parts);
    }
    log_end(*plan, *order, verdict, *push);
    co_return std::move(*push);
  }

  const auto record = [this, order, result] {
    return [&store = parts_.store, order, result] {
      return store.finish_push(order->record->delivery.message_id, *result);
    };
  };
  auto finish_job = record();
  auto finished = co_await patiently(parts_.db, std::move(finish_job));
  if (!finished && result->reply) {
    // The disk is full, most likely: without the reply the end can still be told. A reply that is
    // not kept cannot be given, because a repeat could not have it again.
    base::log(LogLevel::critical, "push.reply_lost", "a recipient's reply could not be stored",
              {{"message_id", plan->message_id.value_or("")},
               {"error", std::string(base::to_string(finished.error().code))}});
    result->reply.reset();
    verdict.error = fail(ErrorCode::push_uncertain, "the reply could not be stored");
    result->code = code_of(verdict.error);
    auto second_job = record();
    finished = co_await patiently(parts_.db, std::move(second_job));
  }
  if (!finished) {
    // The outcome is known and not on stable storage: nothing positive may leave. The repeat is
    // answered alike.
    base::log(LogLevel::critical, "push.not_recorded",
              "the outcome of a push could not be recorded",
              {{"message_id", plan->message_id.value_or("")},
               {"error", std::string(base::to_string(finished.error().code))}});
    push->code = osci::outcome(ErrorCode::push_uncertain).osci_code;
    co_return std::move(*push);
  }
  // Dying from here on loses only the answer; the repeat gets this outcome.
  base::crash_point("gateway.push_finished");
  log_end(*plan, *order, verdict, *finished);
  co_return std::move(*finished);
}

} // namespace gateway
