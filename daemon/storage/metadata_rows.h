// The index of MessageMetaData beside the deliveries. As rows.h: inside a transaction of the
// caller, throws SqlError.
#pragma once
#include "mailbox/delivery.h"
#include "storage/connection.h"
#include <cstdint>
#include <optional>

namespace storage {

void insert_metadata(Connection& db, std::int64_t delivery, const mailbox::MetaDataIndex& metadata);
std::optional<mailbox::MetaDataIndex> read_metadata(Connection& db, std::int64_t delivery);

} // namespace storage
