#include "storage/metadata_rows.h"

namespace storage {

void insert_metadata(Connection& db, std::int64_t delivery,
                     const mailbox::MetaDataIndex& metadata) {
  db.prepare("INSERT INTO metadata (delivery, message_id, service, message_type,"
             " message_type_list, business_scenario, author, reader)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(delivery, metadata.message_id, metadata.service, metadata.message_type,
            metadata.message_type_list, metadata.business_scenario, metadata.author,
            metadata.reader)
      .run();
}

std::optional<mailbox::MetaDataIndex> read_metadata(Connection& db, std::int64_t delivery) {
  auto row = db.prepare("SELECT message_id, service, message_type, message_type_list,"
                        " business_scenario, author, reader FROM metadata WHERE delivery = ?1");
  row.bind(delivery);
  if (!row.step()) return std::nullopt;
  mailbox::MetaDataIndex out;
  out.message_id = row.bytes(0);
  out.service = row.bytes(1);
  out.message_type = row.bytes(2);
  out.message_type_list = row.bytes(3);
  out.business_scenario = row.bytes(4);
  out.author = row.bytes(5);
  out.reader = row.bytes(6);
  return out;
}

} // namespace storage
