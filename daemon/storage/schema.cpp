#include "storage/schema.h"
#include <array>

namespace storage {
namespace {

// "DCMB"; marks the file as a mailbox database (PRAGMA application_id).
constexpr std::int64_t kApplicationId = 0x44434d42;

// Instants are milliseconds since 1970 UTC. A published migration is never edited; a change is a
// new one.
constexpr std::array<std::string_view, 7> kMigrations = {R"sql(
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
)sql",
                                                         R"sql(
-- One row for each event of a process card; journal.h says what is hashed. Written by append() alone.
CREATE TABLE journal (
  number     INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  event      TEXT NOT NULL,
  message_id TEXT NOT NULL,
  mailbox    TEXT NOT NULL,
  originator TEXT NOT NULL,
  detail     TEXT NOT NULL,
  previous   BLOB NOT NULL CHECK (length(previous) = 32),
  hash       BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX journal_by_time ON journal (at);
CREATE INDEX journal_by_message_id ON journal (message_id, number);

-- What the oldest row of the journal follows on: number 0 and random octets, then the last row that expired.
CREATE TABLE journal_anchor (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  number         INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  hash           BLOB NOT NULL CHECK (length(hash) = 32),
  expired_before INTEGER NOT NULL
) STRICT;
INSERT INTO journal_anchor VALUES (1, 0, 0, randomblob(32), -9223372036854775808);

-- They stop mistakes of this program and of whoever has a database shell; the hashes show what is done past them.
CREATE TRIGGER journal_in_order BEFORE INSERT ON journal
WHEN NEW.number <> 1 + coalesce((SELECT max(number) FROM journal), (SELECT number FROM journal_anchor))
  OR NEW.previous <> coalesce((SELECT hash FROM journal ORDER BY number DESC LIMIT 1),
                              (SELECT hash FROM journal_anchor)) BEGIN
  SELECT RAISE(ABORT, 'the journal is continued at its end only');
END;
CREATE TRIGGER journal_unchanged BEFORE UPDATE ON journal BEGIN
  SELECT RAISE(ABORT, 'the journal is never changed');
END;
CREATE TRIGGER journal_kept BEFORE DELETE ON journal
WHEN OLD.number > (SELECT number FROM journal_anchor)
  OR OLD.at >= (SELECT expired_before FROM journal_anchor) BEGIN
  SELECT RAISE(ABORT, 'only expired rows leave the journal');
END;
CREATE TRIGGER journal_anchor_once BEFORE INSERT ON journal_anchor BEGIN
  SELECT RAISE(ABORT, 'the journal has one anchor');
END;
CREATE TRIGGER journal_anchor_kept BEFORE DELETE ON journal_anchor BEGIN
  SELECT RAISE(ABORT, 'the journal keeps its anchor');
END;
CREATE TRIGGER journal_anchor_forward BEFORE UPDATE ON journal_anchor
WHEN NEW.number <= OLD.number
  OR NOT EXISTS (SELECT 1 FROM journal AS j
                  WHERE j.number = NEW.number AND j.hash = NEW.hash AND j.at = NEW.at AND j.at < NEW.expired_before)
  OR NEW.number = (SELECT max(number) FROM journal) BEGIN
  SELECT RAISE(ABORT, 'the anchor of the journal moves on to a row of it');
END;

-- Hides the subject in the digest of the card that the journal keeps.
ALTER TABLE deliveries ADD COLUMN card_salt BLOB;
UPDATE deliveries SET card_salt = randomblob(16);
)sql",
                                                         R"sql(
-- How long content and cards are kept. purged: the content is gone since then, the row is the process card and
-- the record of it.
ALTER TABLE deliveries ADD COLUMN purged INTEGER;
ALTER TABLE deliveries ADD COLUMN purge_reason TEXT;
CREATE INDEX fetchable_by_mailbox ON deliveries (mailbox, creation) WHERE reception IS NULL AND purged IS NULL;
CREATE INDEX present_by_mailbox ON deliveries (mailbox, creation) WHERE purged IS NULL;
CREATE INDEX awaiting_by_delivery ON awaiting (delivery);
CREATE INDEX inspections_by_ocsp ON inspections (ocsp) WHERE ocsp IS NOT NULL;

-- One row for each delivery whose card is still there. due: when it has to be looked at next. notices: number of
-- the last notice that nobody has fetched it, noticed: when.
CREATE TABLE retention (
  delivery INTEGER PRIMARY KEY REFERENCES deliveries (seq),
  due      INTEGER NOT NULL,
  notices  INTEGER NOT NULL DEFAULT 0,
  noticed  INTEGER
) STRICT;
CREATE INDEX retention_by_due ON retention (due);
INSERT INTO retention (delivery, due) SELECT seq, creation FROM deliveries;
CREATE TRIGGER retention_begun AFTER INSERT ON deliveries BEGIN
  INSERT INTO retention (delivery, due) VALUES (NEW.seq, NEW.creation);
END;
-- What may bring the end nearer.
CREATE TRIGGER retention_changed AFTER UPDATE OF reception, quarantined ON deliveries BEGIN
  UPDATE retention SET due = min(due, NEW.modification) WHERE delivery = NEW.seq;
END;

-- Legal holds. Also written by dataclearingctl, beside a running daemon.
CREATE TABLE holds (
  message_id TEXT PRIMARY KEY,
  reason     TEXT NOT NULL,
  since      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The rules that `due` follows, and when it was last looked; position: up to which delivery they have been applied
-- since they changed, -1: to all.
CREATE TABLE retention_rules (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint TEXT NOT NULL,
  position    INTEGER NOT NULL,
  looked      INTEGER NOT NULL
) STRICT;
INSERT INTO retention_rules VALUES (1, '', 0, 0);

-- What is purged waits for nobody. OLD: a forgotten card has left its mailbox.
DROP TRIGGER delivery_changed;
CREATE TRIGGER delivery_changed AFTER UPDATE OF reception, quarantined, purged ON deliveries BEGIN
  UPDATE mailboxes
     SET waiting = waiting + (NEW.reception IS NULL AND NEW.quarantined = 0 AND NEW.purged IS NULL)
                           - (OLD.reception IS NULL AND OLD.quarantined = 0 AND OLD.purged IS NULL)
   WHERE mailbox = OLD.mailbox;
END;
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

base::Result<> check_schema(Connection& db) {
  if (number(db, "PRAGMA application_id") != kApplicationId)
    return base::fail(base::ErrorCode::unsupported, "the file is not a mailbox database");
  if (const auto version = number(db, "PRAGMA user_version"); version != known_schema_version())
    return base::fail(base::ErrorCode::unsupported,
                      "the mailbox database has schema " + std::to_string(version) +
                          ", this program knows " + std::to_string(known_schema_version()) +
                          "; use tool and daemon of one release");
  return {};
}

} // namespace storage
