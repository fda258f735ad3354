#include "gateway/chunks.h"
#include "authority/revocation.h"
#include "authority/timestamps.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "gateway/delivery_log.h"
#include "osci/feedback.h"
#include "osci/stamps.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gateway {
namespace {

using base::ErrorCode;
using base::fail;
using base::LogLevel;
using Outcome = base::Result<osci::StoreOutcome>;

// An encrypted message inside a transfer has to be held in memory.
constexpr std::uint64_t kMaxEncryptedInner = std::uint64_t{32} << 20;

bool is_transient(ErrorCode code) {
  return code == ErrorCode::storage_full || code == ErrorCode::storage_failure ||
         code == ErrorCode::overloaded || code == ErrorCode::quota_exceeded ||
         code == ErrorCode::internal;
}

void log_refused(const mailbox::TransferKey& key, const std::string& code) {
  base::log(LogLevel::warning, "transfer.refused", "reassembled message refused",
            {{"message_id", key.message_id}, {"party", key.party}, {"code", code}});
}

// A complete transfer, opened. Without a message there is nothing left to do.
struct Inner {
  mailbox::Transfer transfer;
  std::shared_ptr<const base::Result<seal::Message>> message;
};

// On a bulk thread: from the chunks to the message inside. Error: not now; the transfer stays as it
// is.
base::Result<Inner> open_now(const Gateway::Parts& parts, const Settings& settings,
                             const mailbox::TransferKey& key) {
  mailbox::Transfers& transfers = *parts.transfers;
  const auto known = transfers.state(key, std::nullopt);
  if (!known) return known.error();
  if (!known->transfer || !known->transfer->result.empty()) return Inner{};

  auto assembled = transfers.assembled(key);
  if (!assembled) {
    if (assembled.error().code != ErrorCode::not_found) return assembled.error();
    // Chunks that were acknowledged are lost. Loud, and final: the sender has to begin again.
    base::log(LogLevel::error, "transfer.damaged", "chunks of a transfer are damaged on the disk",
              {{"message_id", key.message_id}, {"rule", assembled.error().detail}});
    log_refused(key, "9811");
    if (auto done = transfers.refuse(key, {"9811"}, parts.clock.now()); !done) return done.error();
    return Inner{};
  }
  seal::Spooled spooled;
  spooled.source = assembled->octets;
  spooled.digest = assembled->digest;
  spooled.decode = [&transfers](const base::OctetRange& text) { return transfers.decode(text); };
  spooled.max_encrypted = kMaxEncryptedInner;
  auto options = settings.open;
  options.xml.size = settings.inner_xml;
  // No exception is meant for a message inside another.
  options.allow_cbc = options.allow_3des = options.allow_rsa15 = false;
  auto inner = seal::open_spooled(spooled, settings.cipher_keys, options, parts.random);
  if (!inner && is_transient(inner.error().code)) return inner.error();
  if (!inner && inner.error().code == ErrorCode::not_found)
    return fail(ErrorCode::storage_failure, inner.error().detail);

  return Inner{*known->transfer,
               std::make_shared<const base::Result<seal::Message>>(std::move(inner))};
}

// On a bulk thread: what is to be done with the message.
std::shared_ptr<osci::Reassembled> decide_now(const Gateway::Parts& parts, const Settings& settings,
                                              const Inner& inner,
                                              const crypto::RevocationResults* revocation) {
  const osci::Situation situation{parts.clock.now(),
                                  settings.policy,
                                  *settings.directory,
                                  *settings.trust,
                                  parts.ids,
                                  parts.random,
                                  nullptr,
                                  revocation,
                                  settings.schemas.get(),
                                  settings.agreements.get(),
                                  settings.check_content ? &settings.check_content : nullptr};
  return std::make_shared<osci::Reassembled>(
      osci::decide_reassembled(*inner.message, inner.transfer, situation));
}

bool wants_token(const osci::Reassembled& verdict) {
  return verdict.delivery && verdict.delivery->quality_of_creation == "cryptographic";
}

// On a bulk thread: to a frozen result. Error: not now; the transfer stays as it is.
base::Result<> store_now(const Gateway::Parts& parts, const Settings& settings,
                         const mailbox::TransferKey& key, osci::Reassembled& verdict) {
  const auto refuse = [&](const std::string& code) {
    log_refused(key, code);
    return parts.transfers->refuse(key, {code}, parts.clock.now());
  };
  if (!verdict.delivery) return refuse(verdict.refused_code);
  if (wants_token(verdict) && verdict.delivery->creation_token.empty()) {
    // The sender may ask for the result as often as it likes; each time the authority is asked
    // again.
    if (settings.refuse_plain_stamps)
      return fail(ErrorCode::timestamp_unavailable, "no cryptographic time stamp");
    verdict.delivery->feedback.emplace_back(osci::kPlainInstead);
    verdict.delivery->transfer_result.emplace_back(osci::kPlainInstead);
    base::log(LogLevel::warning, "timestamp.plain",
              "a cryptographic time stamp was ordered; the process card carries a plain one",
              {{"message_id", key.message_id}, {"code", std::string(osci::kPlainInstead)}});
  }
  const auto stored = parts.store.store(*verdict.delivery, std::nullopt, "");
  if (!stored && stored.error().code == ErrorCode::message_id_refused) return refuse("9801");
  if (!stored) return stored.error();
  log_stored(*verdict.delivery, stored->repeated, "0800");
  log_metadata(key.message_id, key.party, verdict.metadata_findings);
  log_content(key.message_id, key.party, verdict.content_findings);
  note_routing(key.message_id, key.party, verdict.routing, parts.rollovers, parts.clock.now());
  return {};
}

struct Frozen {
  std::unique_ptr<mailbox::FrozenFile> file; // null: the whole fits into one chunk
};

// On a bulk thread: the whole ResponseToFetchDelivery in a file.
base::Result<Frozen> freeze_now(const Gateway::Parts& parts, const Settings& settings,
                                const osci::Plan& plan, const mailbox::StoredDelivery& delivery,
                                std::uint64_t waiting, std::uint64_t chunk_octets) {
  const auto& key = settings.signature_key;
  const osci::Identity identity{key.certificate, settings.policy.chunks};
  const auto draft = osci::freeze_answer(plan, delivery, waiting, identity, parts.random);
  if (!draft) return draft.error();
  const seal::SignWith sign{key, osci::certificate_id("intermed_signature", key.certificate),
                            settings.signature_algorithm, crypto::DigestAlgorithm::sha256};
  std::uint64_t size = 0;
  for (const auto& part : delivery.parts) size += part.range ? part.range.size : part.bytes.size();
  if (size <= chunk_octets) {
    std::uint64_t measured = 0;
    const auto count = [&](std::string_view piece) -> base::Result<> {
      measured += piece.size();
      return {};
    };
    if (auto done = seal::close_to(*draft, sign, parts.random, count); !done) return done.error();
    if (measured <= chunk_octets) return Frozen{};
  }
  auto file = parts.transfers->new_file(size);
  if (!file) return file.error();
  const auto append = [&](std::string_view piece) { return (*file)->append(piece); };
  if (auto done = seal::close_to(*draft, sign, parts.random, append); !done) return done.error();
  return Frozen{std::move(*file)};
}

} // namespace

struct Chunks::Processing {
  bool ended = false;
  std::optional<base::Error> error;
  std::vector<std::shared_ptr<asio::steady_timer>> waiters;
};

bool Chunks::serves(const osci::Plan& plan) {
  return std::holds_alternative<osci::PutChunkIt>(plan.action) ||
         std::holds_alternative<osci::TellTransfer>(plan.action) ||
         std::holds_alternative<osci::FetchChunkIt>(plan.action);
}

asio::awaitable<Outcome> Chunks::carry_out(std::shared_ptr<osci::Plan> plan,
                                           std::shared_ptr<const Settings> settings) {
  if (std::holds_alternative<osci::PutChunkIt>(plan->action))
    co_return co_await put(plan, settings);
  if (std::holds_alternative<osci::TellTransfer>(plan->action))
    co_return co_await tell(plan, settings);
  co_return co_await fetch(plan, settings);
}

asio::awaitable<Outcome> Chunks::put(std::shared_ptr<osci::Plan> plan,
                                     std::shared_ptr<const Settings> settings) {
  auto job = [plan, settings, &transfers = *parts_.transfers, &store = parts_.store,
              most_waiting =
                  parts_.admission.mailbox_waiting]() -> base::Result<mailbox::PutChunk> {
    const auto& chunk = std::get<osci::PutChunkIt>(plan->action).chunk;
    // Nobody should send a gigabyte for a full mailbox; and no transfer comes to its end without
    // chunk 1. What has begun goes on.
    if (most_waiting > 0 && chunk.number == 1) {
      const auto known = transfers.state(chunk.key, std::nullopt);
      if (!known) return known.error();
      const auto room = known->transfer ? base::Result<>{}
                                        : room_in_mailbox(store, plan->mailbox, chunk.key.party,
                                                          chunk.key.message_id, most_waiting);
      if (!room) return room.error();
    }
    return transfers.put(chunk, settings->spool, plan->turn);
  };
  auto done = co_await parts_.db.run(std::move(job));
  auto report = std::make_shared<osci::TransferReport>();
  if (!done) {
    const base::Error error = done.error();
    if (error.code != ErrorCode::storage_full && error.code != ErrorCode::storage_failure &&
        error.code != ErrorCode::quota_exceeded && error.code != ErrorCode::mailbox_full)
      co_return error;
    // The chunk was not taken, but what came before it stays: the answer tells that.
    auto turn = plan->turn;
    if (turn) turn->result += "!" + std::string(base::to_string(error.code));
    auto tell_job = [plan, turn, &transfers = *parts_.transfers] {
      return transfers.state(std::get<osci::PutChunkIt>(plan->action).chunk.key, turn);
    };
    auto told = co_await parts_.db.run(std::move(tell_job));
    if (!told) co_return error;
    report->state = std::move(*told);
    report->refused = error;
    co_return osci::StoreOutcome{*report};
  }
  report->state.transfer = std::move(done->transfer);
  report->refused = done->refused;
  report->same_as_last = done->same_as_last;
  const auto& transfer = report->state.transfer;
  base::log(LogLevel::info, report->refused ? "chunk.refused" : "chunk.stored", "chunk",
            {{"message_id", std::get<osci::PutChunkIt>(plan->action).chunk.key.message_id},
             {"party", plan->party},
             {"number", std::to_string(plan->chunk_number)},
             {"received", std::to_string(transfer ? transfer->received.size() : 0)}});
  const bool finishes = !report->refused || report->same_as_last;
  if (finishes && transfer && transfer->completed && transfer->result.empty())
    co_await await_result(report, settings);
  co_return osci::StoreOutcome{*report};
}

asio::awaitable<Outcome> Chunks::tell(std::shared_ptr<osci::Plan> plan,
                                      std::shared_ptr<const Settings> settings) {
  auto job = [plan, &transfers = *parts_.transfers] {
    return transfers.state(std::get<osci::TellTransfer>(plan->action).key, plan->turn);
  };
  auto told = co_await parts_.db.run(std::move(job));
  if (!told) co_return told.error();
  auto report = std::make_shared<osci::TransferReport>();
  report->state = std::move(*told);
  const auto& transfer = report->state.transfer;
  if (transfer && transfer->completed && transfer->result.empty()) {
    const auto number = std::get<osci::TellTransfer>(plan->action).number;
    if (number > 0 && number == transfer->completed_by) {
      co_await await_result(report, settings); // the repeat waits as the first did
    } else {
      const auto executor = co_await asio::this_coro::executor;
      start(transfer->key, settings, executor);
      report->overdue = parts_.clock.now() - *transfer->completed > settings->chunk_wait;
    }
  }
  co_return osci::StoreOutcome{*report};
}

asio::awaitable<void> Chunks::await_result(std::shared_ptr<osci::TransferReport> report,
                                           std::shared_ptr<const Settings> settings) {
  const auto executor = co_await asio::this_coro::executor;
  const mailbox::TransferKey key = report->state.transfer->key;
  const auto processing = start(key, settings, executor);
  if (!processing->ended) {
    auto timer = std::make_shared<asio::steady_timer>(executor, settings->chunk_wait);
    processing->waiters.push_back(timer);
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await timer->async_wait(token);
  }
  if (!processing->ended) co_return;
  if (processing->error) {
    report->refused = processing->error;
    report->same_as_last = false;
    co_return;
  }
  auto job = [key, &transfers = *parts_.transfers] { return transfers.state(key, std::nullopt); };
  auto told = co_await parts_.db.run(std::move(job));
  if (told) report->state = std::move(*told);
}

std::shared_ptr<Chunks::Processing> Chunks::start(const mailbox::TransferKey& key,
                                                  std::shared_ptr<const Settings> settings,
                                                  const asio::any_io_executor& executor) {
  auto& processing = in_work_[key];
  if (processing) return processing;
  processing = std::make_shared<Processing>();
  auto out = processing;
  asio::co_spawn(executor, process(key, out, std::move(settings)), asio::detached);
  return out;
}

asio::awaitable<void> Chunks::process(mailbox::TransferKey key,
                                      std::shared_ptr<Processing> processing,
                                      std::shared_ptr<const Settings> settings) {
  auto open_job = [parts = parts_, settings, key] { return open_now(parts, *settings, key); };
  std::optional<base::Error> error;
  std::string bug;
  try {
    base::crash_point("gateway.before_processing");
    auto opened = co_await parts_.bulk->run(std::move(open_job));
    if (!opened) {
      error = opened.error();
    } else if (opened->message) {
      auto inner = std::make_shared<const Inner>(std::move(*opened));
      std::shared_ptr<const crypto::RevocationResults> revocation;
      if (parts_.revocation && *inner->message) {
        auto certificates = osci::certificates_to_check(**inner->message);
        revocation = co_await parts_.revocation->check(std::move(certificates), settings->trust);
      }
      auto decide_job = [parts = parts_, settings, inner, revocation] {
        return decide_now(parts, *settings, *inner, revocation.get());
      };
      auto decided = co_await parts_.bulk->run(std::move(decide_job));
      std::shared_ptr<osci::Reassembled> verdict;
      if (decided) verdict = *decided;
      if (verdict && wants_token(*verdict) && parts_.timestamps) {
        auto data_job = [verdict] {
          return osci::creation_stamp_data(verdict->delivery->message_id, verdict->delivery->parts);
        };
        auto data = co_await parts_.bulk->run(std::move(data_job));
        if (data) {
          std::string covered = std::move(*data);
          auto token = co_await parts_.timestamps->stamp(std::move(covered));
          if (token) verdict->delivery->creation_token = std::move(token->token);
        }
      }
      auto store_job = [parts = parts_, settings, key, verdict]() -> base::Result<> {
        if (!verdict) return fail(ErrorCode::overloaded, "work pool is full");
        return store_now(parts, *settings, key, *verdict);
      };
      const auto done = co_await parts_.bulk->run(std::move(store_job));
      if (!done) error = done.error();
    }
  } catch (const std::exception& thrown) {
    bug = thrown.what();
    error = fail(ErrorCode::storage_failure, bug);
  }
  if (error)
    base::log(bug.empty() ? LogLevel::error : LogLevel::critical, "transfer.not_processed",
              "a complete transfer could not be processed and is kept",
              {{"message_id", key.message_id},
               {"error", std::string(base::to_string(error->code))},
               {"rule", error->detail}});
  processing->ended = true;
  processing->error = error;
  in_work_.erase(key);
  for (const auto& waiter : processing->waiters) waiter->cancel();
}

asio::awaitable<Outcome> Chunks::fetch(std::shared_ptr<osci::Plan> plan,
                                       std::shared_ptr<const Settings> settings) {
  const auto order = std::get<osci::FetchChunkIt>(plan->action);
  mailbox::Transfers& transfers = *parts_.transfers;
  std::string message_id = order.message_id;
  auto fresh = std::make_shared<Frozen>();
  std::optional<base::Instant> forwarding;
  if (message_id.empty()) {
    // Reads and checks the whole delivery when it is not frozen yet: bulk work.
    auto find_job = [order, &transfers] { return transfers.find(order.wanted); };
    auto found = co_await parts_.bulk->run(std::move(find_job));
    if (!found) co_return found.error();
    if (!found->delivery) {
      osci::fetch_whole(*plan, std::nullopt);
      co_return osci::StoreOutcome{};
    }
    message_id = found->delivery->card.message_id;
    if (!found->frozen) {
      auto source = std::make_shared<mailbox::ChunkSource>(std::move(*found));
      auto& card = source->delivery->card;
      // The time at which the request was taken up, as with every turn: a later one would lie ahead
      // of the store's own, and other readers' acknowledgements before it.
      const auto taken_up = plan->turn ? plan->turn->now : parts_.clock.now();
      forwarding = std::max(taken_up, card.modification);
      // A received card is frozen itself (8.6).
      if (!card.reception) card.forwarding = card.modification = *forwarding;
      auto freeze_job = [parts = parts_, settings, plan, source,
                         octets = order.wanted.chunk_kib * 1024] {
        return freeze_now(parts, *settings, *plan, *source->delivery, source->waiting, octets);
      };
      auto frozen = co_await parts_.bulk->run(std::move(freeze_job));
      if (!frozen) co_return frozen.error();
      if (!frozen->file) {
        osci::fetch_whole(*plan, message_id);
        co_return osci::StoreOutcome{};
      }
      *fresh = std::move(*frozen);
    }
  }
  auto hand_out_job = [order, plan, settings, message_id, fresh, forwarding, &transfers] {
    return transfers.hand_out(order.wanted, message_id, std::move(fresh->file), forwarding,
                              settings->spool, plan->turn);
  };
  auto handed = co_await parts_.db.run(std::move(hand_out_job));
  if (!handed) {
    // The frozen answer is gone; nothing that is not there can be repeated.
    const base::Error error = handed.error();
    if (error.code == ErrorCode::not_found)
      co_return fail(ErrorCode::storage_failure, error.detail);
    co_return error;
  }
  base::log(handed->refused ? LogLevel::warning : LogLevel::info,
            handed->refused ? "chunk.refused" : "chunk.offered", "chunk",
            {{"message_id", message_id},
             {"party", plan->party},
             {"number", std::to_string(handed->number)},
             {"of", std::to_string(handed->total_numbers)}});
  co_return osci::StoreOutcome{std::move(*handed)};
}

asio::awaitable<void> Chunks::resume(std::shared_ptr<const Settings> settings) {
  const auto executor = co_await asio::this_coro::executor;
  auto job = [&transfers = *parts_.transfers] { return transfers.unprocessed(); };
  const auto keys = co_await parts_.db.run(std::move(job));
  if (!keys) {
    base::log(LogLevel::error, "transfer.not_resumed", "complete transfers could not be looked up",
              {{"error", std::string(base::to_string(keys.error().code))}});
    co_return;
  }
  for (const auto& key : *keys) start(key, settings, executor);
}

asio::awaitable<void> Chunks::expire(base::Instant unused_before) {
  auto job = [&transfers = *parts_.transfers, now = parts_.clock.now(), unused_before] {
    return transfers.expire(now, unused_before);
  };
  const auto expired = co_await parts_.db.run(std::move(job));
  if (!expired)
    base::log(LogLevel::error, "transfer.expiry_failed", "unused transfers could not be removed",
              {{"error", std::string(base::to_string(expired.error().code))}});
  else if (*expired > 0)
    base::log(LogLevel::info, "transfer.expired", "unused transfers removed",
              {{"count", std::to_string(*expired)}});
}

} // namespace gateway
