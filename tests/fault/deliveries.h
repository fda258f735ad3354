// The deliveries of the workloads. An id says all about its delivery, so that whoever knows the id
// knows what its content must be: "large-7" is the seventh, with attachments in body files.
#pragma once
#include "mailbox/push.h"
#include "mailbox/transfers.h"
#include <string>
#include <vector>

namespace fault {

// Kinds: small (all in rows), large (body files), rich (everything a delivery can have), wide (much
// in rows), chunked (as large, arrives in chunks), reply (as rich, answers a push).
mailbox::NewDelivery delivery(const std::string& id);
// As begin_push takes it; reserves reply_of(id).
mailbox::NewPush push(const std::string& id);
std::string reply_of(const std::string& push_id);
mailbox::PushResult push_result(const std::string& push_id);

// Boxes of all deliveries.
const std::vector<std::string>& mailboxes();
std::string mailbox_of(const std::string& id);
// Party of all dialogs.
extern const std::string kReader;

// The chunks of a chunked delivery on their way in.
constexpr std::uint32_t kChunks = 4;
constexpr std::uint64_t kChunkKib = 4;
mailbox::TransferKey transfer_of(const std::string& id);
std::string transfer_octets(const std::string& id);
mailbox::Chunk chunk(const std::string& id, std::uint32_t number);

// The frozen answer to a fetch of it by chunks.
std::string frozen_octets(const std::string& id);
std::string frozen_piece(const std::string& id, std::uint32_t number);
std::uint32_t frozen_pieces(const std::string& id);

// Covers what a reader gets of a delivery. Lower-case hex.
std::string digest(const std::vector<mailbox::Part>& parts, const std::string& context);
// What delivery(id) must have when it comes out; cached.
const std::string& expected_digest(const std::string& id);

base::Instant at(std::int64_t seconds);

} // namespace fault
