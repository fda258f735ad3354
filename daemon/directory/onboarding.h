// What is recorded of a municipality on its way to a service (domain 5.3): responsibility,
// parameters, reception, onboarding. Pure values; adapters in lookup/ fill them.
#pragma once
#include "base/clock.h"
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace directory {

// Verwaltungssuchmaschine / PVOG: who is competent for a service in a region. More than one for the
// same pair is legal and a finding.
struct Responsibility {
  std::string leika;                          // 14 digits
  std::string region;                         // ARS (12) or AGS (8) as the source gives it
  std::string party;                          // id; empty when the source's body is none of ours
  std::string body;                           // as the source names it
  std::string address, postcode, phone, mail; // what is shown to applicants; empty: missing
  std::string online_url;
  std::optional<base::Instant> checked_at;
};

struct PaymentParameters {
  std::string provider;                   // ePayBL, pmPayment, ...; empty: not given
  std::optional<std::uint64_t> fee_cents; // 0: the payment step is skipped
  bool manual_process_confirmed = false;  // the office has said how it is paid instead
};

// Of one body for one service.
struct ServiceParameters {
  std::string party, service;
  std::optional<PaymentParameters> payment;
  std::string coat_of_arms; // file name or URL; empty: none
  std::string privacy_link; // empty: none
};

enum class ReceptionKind { osci, xta, alternative };

struct TestMessage {
  std::string message_id;
  std::optional<base::Instant> stored, fetched, acknowledged;
};

// How the applications arrive at the desk.
struct Reception {
  std::string party, service;
  ReceptionKind kind = ReceptionKind::osci;
  std::string product, product_version, vendor; // Fachverfahren
  std::vector<std::string> speaks; // "standard version" pairs that the vendor confirmed
  std::optional<base::Instant> vendor_confirmed;
  std::string alternative; // what was arranged instead, e.g. "PDF-Postfach mit E-Mail-Hinweis"
  std::optional<TestMessage> test_message;
};

enum class OnboardingState {
  interested,
  rv_pending,
  ea_signed,
  documents_incomplete,
  documents_complete, // the four-week clock runs from here
  technical_setup,
  test_passed,
  live,
  suspended,
  ended
};

struct Onboarding {
  std::string party, service;
  OnboardingState state = OnboardingState::interested;
  std::optional<base::Instant> target_date, documents_complete_on;
};

// The lead time once all documents are there: 28 days, counted in days of the German calendar.
struct FourWeeks {
  std::chrono::sys_days complete_on, due_on;
  int days_left = 0; // 0: due today; negative: overdue
};

// Nullopt: the documents are not complete yet.
std::optional<FourWeeks> four_weeks(const Onboarding& onboarding, base::Instant now);
// The day that it is in Germany.
std::chrono::sys_days german_day(base::Instant at);

} // namespace directory
