// Certificate inspections of a delivery, and the evidence they rest on.
#include "crypto/digest.h"
#include "storage/rows.h"
#include "storage/words.h"

namespace storage {

using mailbox::MathResult;
using mailbox::OfflineResult;

namespace {

constexpr Words<MathResult, 3> kMathResults = {{{MathResult::ok, "ok"},
                                                {MathResult::corrupted, "corrupted"},
                                                {MathResult::indeterminate, "indeterminate"}}};
constexpr Words<OfflineResult, 3> kOfflineResults = {
    {{OfflineResult::valid, "valid"},
     {OfflineResult::invalid, "invalid"},
     {OfflineResult::indeterminate, "indeterminate"}}};
constexpr std::string_view kOnlineOk = "ok", kOnlineRevoked = "revoked";

void insert_online(Connection& db, std::int64_t delivery, std::size_t position,
                   const mailbox::OnlineResult& online) {
  std::optional<Blob> hash;
  const std::string sha256 = crypto::digest(crypto::DigestAlgorithm::sha256, online.ocsp);
  if (!online.ocsp.empty()) {
    hash = Blob{sha256};
    db.prepare("INSERT INTO evidence (sha256, bytes) VALUES (?1, ?2)"
               " ON CONFLICT DO NOTHING")
        .bind(*hash, Blob{online.ocsp})
        .run();
  }
  db.prepare("UPDATE inspections SET online = ?3, ocsp = ?4, crl = ?5"
             " WHERE delivery = ?1 AND position = ?2")
      .bind(delivery, position, online.revoked ? kOnlineRevoked : kOnlineOk, hash, online.crl)
      .run();
}

} // namespace

void insert_inspections(Connection& db, std::int64_t delivery, std::size_t first,
                        const std::vector<mailbox::Inspection>& inspections) {
  for (std::size_t i = 0; i < inspections.size(); ++i) {
    const auto& inspection = inspections[i];
    db.prepare(
          "INSERT INTO inspections (delivery, position, at, role, fingerprint, subject, issuer,"
          " serial, math, offline) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .bind(delivery, first + i, inspection.at, inspection.role, inspection.fingerprint,
              inspection.subject, inspection.issuer, inspection.serial,
              word(kMathResults, inspection.math), word(kOfflineResults, inspection.offline))
        .run();
    if (inspection.online) insert_online(db, delivery, first + i, *inspection.online);
  }
}

std::vector<mailbox::Inspection> read_inspections(Connection& db, std::int64_t delivery) {
  std::vector<mailbox::Inspection> out;
  auto rows =
      db.prepare("SELECT at, role, fingerprint, subject, issuer, serial, math, offline,"
                 " online, evidence.bytes, crl"
                 " FROM inspections LEFT JOIN evidence ON evidence.sha256 = inspections.ocsp"
                 " WHERE delivery = ?1 ORDER BY position");
  rows.bind(delivery);
  while (rows.step()) {
    mailbox::Inspection inspection;
    inspection.at = rows.instant(0);
    inspection.role = rows.bytes(1);
    inspection.fingerprint = rows.bytes(2);
    inspection.subject = rows.bytes(3);
    inspection.issuer = rows.bytes(4);
    inspection.serial = rows.bytes(5);
    // A word that nobody wrote there says nothing about the certificate.
    inspection.math = value_of(kMathResults, rows.bytes(6)).value_or(MathResult::indeterminate);
    inspection.offline =
        value_of(kOfflineResults, rows.bytes(7)).value_or(OfflineResult::indeterminate);
    if (const auto online = rows.bytes(8); online == kOnlineOk || online == kOnlineRevoked)
      inspection.online =
          mailbox::OnlineResult{online == kOnlineRevoked, rows.bytes(9), rows.optional_instant(10)};
    out.push_back(std::move(inspection));
  }
  return out;
}

} // namespace storage
