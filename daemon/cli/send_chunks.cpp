#include "cli/send_chunks.h"
#include "cli/commands.h"
#include "cli/letter.h"
#include "cli/outgoing_spool.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "client/chunked_store.h"
#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint64_t kUsualThreshold = std::uint64_t{30} << 20;

base::Result<OutgoingSpool> open_spool(const ChunkOptions& options) {
  if (!options.spool.empty()) return OutgoingSpool::open(options.spool);
  const auto folder = OutgoingSpool::usual_folder();
  if (!folder) return folder.error();
  return OutgoingSpool::open(*folder);
}

OutgoingParties parties(Connection& connection, const CommonOptions& common) {
  return {common.url, connection.session().identity().cipher.certificate.fingerprint(),
          connection.intermediary().cipher.fingerprint()};
}

ExitCode transfer(Connection& connection, const CommonOptions& common, const ChunkOptions& options,
                  OutgoingDelivery& delivery, const client::Letter* letter, bool begun) {
  const auto message = delivery.message();
  const auto& outgoing = delivery.transfer();
  if (!message) {
    const auto code = give_up(message.error());
    if (begun) explain_unknown_outcome(outgoing.message_id);
    return code;
  }
  client::ChunkedStore store(connection.session(), outgoing, *message,
                             {std::chrono::seconds(options.processing_seconds)});
  std::optional<std::uint32_t> arrived; // as far as the intermediary told in this run
  store.on_progress = [&arrived, total_kib = outgoing.total_kib(),
                       draw = chunk_bar("sending")](std::uint32_t done, std::uint32_t chunks) {
    if (draw && done != arrived) draw(done, chunks, total_kib);
    arrived = done;
  };
  store.stop = asked_to_stop;
  const auto receipt = store.run(begun);
  if (receipt || store.processed()) {
    // Accepted or refused as a whole: there is nothing to go on with.
    if (const auto removed = delivery.remove(); !removed)
      std::cerr << "osci: warning: " << harmless(removed.error().detail) << "\n";
  }
  if (receipt) {
    print_receipt(*receipt, letter, common.json);
    return ExitCode::ok;
  }
  ExitCode code = exit_code(receipt.error().code);
  if (store.overdue())
    std::cerr << "osci: " << receipt.error().detail << " by the intermediary\n";
  else if (asked_to_stop())
    std::cerr << "osci: stopped\n";
  else
    code = give_up(receipt.error());
  const std::string id = harmless(outgoing.message_id);
  if (store.processed()) {
    std::cerr << "      message id " << id << "\n";
  } else if (store.expired()) {
    std::cerr
        << "      It was not accepted, and can be no more under this id. Send the files again; "
           "the sealed message\n      in "
        << delivery.folder() << " is removed by\n      osci send --discard " << id << "\n";
  } else {
    if (arrived)
      std::cerr << "      " << *arrived << " of " << outgoing.chunks() << " chunks have arrived.\n";
    std::cerr << "      What is missing is sent, and the result asked for, by\n"
              << "      osci send --resume " << id << "\n"
              << "      Until then the sealed message stays in " << delivery.folder() << "\n";
  }
  return code;
}

} // namespace

std::uint64_t chunk_threshold(const ChunkOptions& options, const osci::Features& features) {
  if (options.above != 0) return options.above;
  const std::uint64_t announced = features.chunks ? features.chunks->max_chunk : 0;
  if (announced == 0 || announced > kUsualThreshold / 1024) return kUsualThreshold;
  return announced * 1024;
}

ExitCode send_in_chunks(Connection& connection, const CommonOptions& common,
                        const ChunkOptions& options, const client::Letter& letter,
                        const std::vector<client::LargeAttachment>& large,
                        const client::IssuedId& issued) {
  const auto spool = open_spool(options);
  if (!spool) return give_up(spool.error());
  auto delivery = spool->create(issued.message_id);
  if (!delivery) return give_up(delivery.error());
  const auto discard = [&delivery](const base::Error& error) {
    static_cast<void>(delivery->remove());
    return give_up(error);
  };
  const auto sealed =
      connection.session().write_delivery(letter, large, issued.message_id, delivery->sink());
  if (!sealed) return discard(sealed.error());
  const auto chunk =
      client::chunk_kib_for(delivery->written(), options.chunk_size / 1024, issued.features);
  if (!chunk) return discard(fail(ErrorCode::invalid_config, chunk.error().detail));
  const client::OutgoingTransfer outgoing{issued.message_id, letter.addressee, delivery->written(),
                                          *chunk};
  if (const auto kept = delivery->keep(outgoing, parties(connection, common)); !kept)
    return discard(kept.error());
  stop_politely();
  return transfer(connection, common, options, *delivery, &letter, false);
}

ExitCode resume_sending(Connection& connection, const CommonOptions& common,
                        const ChunkOptions& options, const std::vector<std::string>& ids) {
  const auto spool = open_spool(options);
  if (!spool) return give_up(spool.error());
  auto wanted = ids;
  ExitCode out = ExitCode::ok;
  if (wanted.empty()) {
    auto all = spool->ids([&out](const base::Error& error) { out = give_up(error); });
    if (!all) return give_up(all.error());
    wanted = std::move(*all);
    if (wanted.empty() && !common.json) std::cerr << "osci: nothing to resume\n";
  }
  stop_politely();
  const auto own = parties(connection, common);
  for (const auto& id : wanted) {
    if (asked_to_stop()) break;
    auto delivery = spool->take(id);
    ExitCode code = ExitCode::ok;
    if (!delivery && ids.empty() && delivery.error().code == ErrorCode::not_found) {
      continue; // another osci has finished with it meanwhile
    } else if (!delivery) {
      code = give_up(delivery.error());
    } else if (delivery->parties().own_cipher != own.own_cipher ||
               delivery->parties().url != own.url) {
      // For another certificate the intermediary would begin another transfer.
      code = give_up(fail(ErrorCode::invalid_config,
                          harmless(id) + " was begun with another --cipher-key or --url (" +
                              delivery->parties().url + ")"));
    } else {
      code = transfer(connection, common, options, *delivery, nullptr, true);
    }
    if (out == ExitCode::ok) out = code;
  }
  return out;
}

ExitCode discard_sealed(const ChunkOptions& options, const std::vector<std::string>& ids,
                        bool json) {
  if (ids.empty()) return give_up(fail(ErrorCode::invalid_config, "--discard needs message ids"));
  const auto spool = open_spool(options);
  if (!spool) return give_up(spool.error());
  ExitCode out = ExitCode::ok;
  for (const auto& id : ids) {
    if (const auto done = spool->discard(id); !done) {
      const auto code = give_up(done.error());
      if (out == ExitCode::ok) out = code;
    } else if (json) {
      std::cout << boost::json::serialize(boost::json::object{{"discarded", id}}) << "\n";
    } else {
      std::cout << "discarded   " << harmless(id) << "\n";
    }
  }
  return out;
}

} // namespace cli
