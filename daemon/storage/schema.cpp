#include "storage/schema.h"
#include <array>

namespace storage {
namespace {

// "DCMB"; marks the file as a mailbox database (PRAGMA application_id).
constexpr std::int64_t kApplicationId = 0x44434d42;

// Instants are milliseconds since 1970 UTC. A published migration is never edited; a change is a
// new one.
constexpr std::array<std::string_view, 5> kMigrations = {R"sql(
CREATE TABLE dialogs (
  conversation_id       TEXT PRIMARY KEY,
  party                 TEXT NOT NULL,
  cipher_certificate    BLOB NOT NULL,
  signature_fingerprint TEXT NOT NULL,
  encrypted             INTEGER NOT NULL,
  short_iv              INTEGER NOT NULL,
  next_sequence         INTEGER NOT NULL,
  challenge             TEXT NOT NULL,
  opened                INTEGER NOT NULL,
  last_activity         INTEGER NOT NULL,
  closed                INTEGER NOT NULL CHECK (closed IN (0, 1)),
  last_request_digest   BLOB NOT NULL,
  last_result           TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX open_dialogs_by_party ON dialogs (party) WHERE closed = 0;
CREATE INDEX dialogs_by_activity ON dialogs (closed, last_activity);

-- One delivery and its process card. seq breaks ties between equal times.
CREATE TABLE deliveries (
  seq                  INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id           TEXT NOT NULL UNIQUE,
  mailbox              TEXT NOT NULL,
  originator           TEXT NOT NULL,
  creation             INTEGER NOT NULL,
  forwarding           INTEGER,
  reception            INTEGER,
  modification         INTEGER NOT NULL,
  quarantined          INTEGER NOT NULL DEFAULT 0 CHECK (quarantined IN (0, 1)),
  quarantine_reason    TEXT,
  quality_of_reception TEXT NOT NULL,
  feedback             TEXT NOT NULL,  -- codes, each followed by LF
  manifest             BLOB NOT NULL,  -- SHA-256 over context and description of all parts
  subject              TEXT,
  context              TEXT NOT NULL
) STRICT;
CREATE INDEX unreceived_by_mailbox ON deliveries (mailbox, creation) WHERE reception IS NULL;
CREATE INDEX unreceived_by_originator ON deliveries (originator, creation) WHERE reception IS NULL;
CREATE INDEX deliveries_by_mailbox ON deliveries (mailbox, creation);
CREATE INDEX deliveries_by_originator ON deliveries (originator, creation);
CREATE INDEX changes_by_mailbox ON deliveries (mailbox, modification);
CREATE INDEX changes_by_originator ON deliveries (originator, modification);

-- Either in the row or in a file below bodies/; bytes last, so that reading the rest never touches them.
CREATE TABLE parts (
  delivery     INTEGER NOT NULL REFERENCES deliveries (seq),
  position     INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  name         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  headers      TEXT NOT NULL,
  size         INTEGER NOT NULL,
  sha256       BLOB NOT NULL,
  file         TEXT,
  bytes        BLOB,
  PRIMARY KEY (delivery, position),
  CHECK ((file IS NULL) <> (bytes IS NULL))
) STRICT;
CREATE UNIQUE INDEX parts_by_file ON parts (file) WHERE file IS NOT NULL;

CREATE TABLE inspections (
  delivery    INTEGER NOT NULL REFERENCES deliveries (seq),
  position    INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  role        TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  subject     TEXT NOT NULL,
  issuer      TEXT NOT NULL,
  serial      TEXT NOT NULL,
  math        TEXT NOT NULL,
  offline     TEXT NOT NULL,
  PRIMARY KEY (delivery, position)
) STRICT, WITHOUT ROWID;

-- A table of its own: a message id stays consumed even when its delivery is gone.
CREATE TABLE consumed (
  message_id     TEXT PRIMARY KEY,
  request_digest BLOB NOT NULL,
  delivery       INTEGER NOT NULL REFERENCES deliveries (seq)
) STRICT, WITHOUT ROWID;

-- Deliveries handed out in a dialog whose next request will acknowledge them.
CREATE TABLE awaiting (
  conversation_id TEXT NOT NULL REFERENCES dialogs (conversation_id) ON DELETE CASCADE,
  delivery        INTEGER NOT NULL REFERENCES deliveries (seq),
  PRIMARY KEY (conversation_id, delivery)
) STRICT, WITHOUT ROWID;

-- How many deliveries wait in a mailbox: kept by the triggers, because counting them at every fetch would
-- make draining a full mailbox quadratic.
CREATE TABLE mailboxes (
  mailbox TEXT PRIMARY KEY,
  waiting INTEGER NOT NULL CHECK (waiting >= 0)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER delivery_stored AFTER INSERT ON deliveries BEGIN
  INSERT INTO mailboxes VALUES (NEW.mailbox, NEW.reception IS NULL AND NEW.quarantined = 0)
    ON CONFLICT (mailbox) DO UPDATE SET waiting = waiting + excluded.waiting;
END;
CREATE TRIGGER delivery_changed AFTER UPDATE OF reception, quarantined ON deliveries BEGIN
  UPDATE mailboxes
     SET waiting = waiting + (NEW.reception IS NULL AND NEW.quarantined = 0)
                           - (OLD.reception IS NULL AND OLD.quarantined = 0)
   WHERE mailbox = NEW.mailbox;
END;

CREATE TABLE probe (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  count INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
)sql",
                                                         R"sql(
-- Deliveries handed to passive recipients: rows of deliveries without parts, whose mailbox is "pushed/" and the
-- addressee's party. finished = 0 with a Forwarding time: the outcome is not known.
CREATE TABLE pushes (
  delivery INTEGER PRIMARY KEY REFERENCES deliveries (seq),
  reply_id TEXT,                                    -- issued for the recipient's reply
  finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1)),
  code     TEXT NOT NULL DEFAULT '',                -- '': the recipient accepted
  warnings TEXT NOT NULL DEFAULT '',                -- codes, each followed by LF
  reply    INTEGER REFERENCES deliveries (seq)
) STRICT;
)sql",
                                                         R"sql(
-- What authorities stated about certificates. The same response is proof for many deliveries, so it is kept
-- once; an inspection of before has none of the three.
CREATE TABLE evidence (
  sha256 BLOB PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;
ALTER TABLE inspections ADD COLUMN online TEXT;
ALTER TABLE inspections ADD COLUMN ocsp BLOB REFERENCES evidence (sha256);
ALTER TABLE inspections ADD COLUMN crl INTEGER;

-- RFC 3161 tokens beside the plain times.
ALTER TABLE deliveries ADD COLUMN creation_token BLOB;
ALTER TABLE deliveries ADD COLUMN reception_token BLOB;
)sql",
                                                         R"sql(
-- Chunked transfers on their way in. octets: what the spool file takes or is reserved for it.
CREATE TABLE transfers (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  party         TEXT NOT NULL,
  message_id    TEXT NOT NULL,
  parties       TEXT NOT NULL,
  subject       TEXT,
  total_numbers INTEGER NOT NULL,
  chunk_kib     INTEGER NOT NULL,
  total_kib     INTEGER NOT NULL,
  octets        INTEGER NOT NULL,
  file          TEXT,
  created       INTEGER NOT NULL,
  activity      INTEGER NOT NULL,
  completed     INTEGER,
  completed_by  INTEGER NOT NULL DEFAULT 0,
  result        TEXT,  -- codes, each followed by LF; NULL: not processed
  delivery      INTEGER REFERENCES deliveries (seq),
  UNIQUE (party, message_id),
  CHECK ((file IS NULL) = (result IS NOT NULL))
) STRICT;
CREATE INDEX transfers_by_file ON transfers (file) WHERE file IS NOT NULL;
CREATE INDEX unprocessed_transfers ON transfers (completed) WHERE completed IS NOT NULL AND result IS NULL;
CREATE TABLE transfer_chunks (
  transfer INTEGER NOT NULL REFERENCES transfers (id) ON DELETE CASCADE,
  number   INTEGER NOT NULL,
  size     INTEGER NOT NULL,
  sha256   BLOB NOT NULL,
  PRIMARY KEY (transfer, number)
) STRICT, WITHOUT ROWID;

-- Answers to a fetch, frozen while they are handed out by chunks.
CREATE TABLE freezes (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  party           TEXT NOT NULL,
  message_id      TEXT NOT NULL,
  delivery        INTEGER NOT NULL REFERENCES deliveries (seq),
  chunk_kib       INTEGER NOT NULL,
  octets          INTEGER NOT NULL,
  file            TEXT NOT NULL UNIQUE,
  activity        INTEGER NOT NULL,
  UNIQUE (party, message_id)
) STRICT;
CREATE INDEX freezes_by_delivery ON freezes (delivery);
CREATE TABLE freeze_chunks (
  freeze INTEGER NOT NULL REFERENCES freezes (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  PRIMARY KEY (freeze, number)
) STRICT, WITHOUT ROWID;
-- What each dialog is being served: its next chunk is of the same delivery.
CREATE TABLE fetching (
  conversation_id TEXT PRIMARY KEY REFERENCES dialogs (conversation_id) ON DELETE CASCADE,
  message_id      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                                         R"sql(
-- What a delivery's MessageMetaData says of it, for operators to find it by. Empty: not said.
CREATE TABLE metadata (
  delivery          INTEGER PRIMARY KEY REFERENCES deliveries (seq),
  message_id        TEXT NOT NULL,
  service           TEXT NOT NULL,
  message_type      TEXT NOT NULL,
  message_type_list TEXT NOT NULL,
  business_scenario TEXT NOT NULL,
  author            TEXT NOT NULL,
  reader            TEXT NOT NULL
) STRICT;
CREATE INDEX metadata_by_message_id ON metadata (message_id);
CREATE INDEX metadata_by_service ON metadata (service, message_type);
CREATE INDEX metadata_by_reader ON metadata (reader);
CREATE INDEX metadata_by_author ON metadata (author);
)sql"};

std::int64_t number(Connection& db, std::string_view sql) {
  auto row = db.prepare(sql);
  return row.step() ? row.integer(0) : 0;
}

} // namespace

int known_schema_version() {
  return static_cast<int>(kMigrations.size());
}

base::Result<> migrate(Connection& db) {
  using base::ErrorCode;
  try {
    const auto version = number(db, "PRAGMA user_version");
    if (version > known_schema_version())
      return base::fail(ErrorCode::unsupported,
                        "the mailbox database has schema " + std::to_string(version) +
                            ", this program knows up to " + std::to_string(known_schema_version()) +
                            "; use the newer program");
    const bool empty = number(db, "SELECT count(*) FROM sqlite_schema") == 0;
    const bool ours = number(db, "PRAGMA application_id") == kApplicationId;
    if (empty ? version != 0 : !ours)
      return base::fail(ErrorCode::unsupported, "the file is not a mailbox database");
    for (auto next = static_cast<std::size_t>(version); next < kMigrations.size(); ++next) {
      // If the process dies before COMMIT the next start finds the old schema and migrates again;
      // after it, the new one: the version is part of the same transaction.
      db.execute("BEGIN IMMEDIATE");
      db.execute(std::string(kMigrations[next]));
      db.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
      db.execute("PRAGMA user_version = " + std::to_string(next + 1));
      db.execute("COMMIT");
    }
    return {};
  } catch (const SqlError& error) {
    return to_error(error);
  }
}

} // namespace storage
