#include "directory/onboarding.h"

namespace directory {

std::chrono::sys_days german_day(base::Instant at) {
  using std::chrono::days;
  // Germany is one or two hours ahead, so it is this day or the next.
  const auto day = std::chrono::floor<days>(at + std::chrono::hours{1});
  return base::german_midnight(day + days{1}) <= at ? day + days{1} : day;
}

std::optional<FourWeeks> four_weeks(const Onboarding& onboarding, base::Instant now) {
  if (!onboarding.documents_complete_on || now < *onboarding.documents_complete_on)
    return std::nullopt;
  FourWeeks out;
  out.complete_on = german_day(*onboarding.documents_complete_on);
  out.due_on = out.complete_on + std::chrono::days{28};
  out.days_left = static_cast<int>((out.due_on - german_day(now)).count());
  return out;
}

} // namespace directory
