#include "cli/load/tally.h"
#include "cli/text.h"
#include <algorithm>

namespace cli::load {

std::string_view to_string(Operation operation) {
  switch (operation) {
  case Operation::init_dialog:
    return "InitDialog";
  case Operation::get_message_id:
    return "GetMessageId";
  case Operation::store_delivery:
    return "StoreDelivery";
  case Operation::fetch_delivery:
    return "FetchDelivery";
  case Operation::fetch_empty:
    return "FetchDelivery, nothing there";
  case Operation::exit_dialog:
    return "ExitDialog";
  case Operation::sealing:
    return "(sealing)";
  case Operation::opening:
    return "(opening)";
  case Operation::delivery:
    return "due to receipt";
  case Operation::empty_poll:
    return "empty poll, due to end";
  case Operation::waiting:
    return "creation to forwarding";
  }
  return {};
}

std::uint64_t Numbers::outcome(std::string_view name) const {
  const auto found = outcomes.find(name);
  return found == outcomes.end() ? 0 : found->second;
}

void Tally::sample(Operation operation, std::chrono::microseconds took, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  auto& numbers = numbers_.operations[static_cast<std::size_t>(operation)];
  numbers.latency.add(took);
  numbers.octets += octets;
}

void Tally::outcome(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto found = numbers_.outcomes.find(name);
  if (found == numbers_.outcomes.end()) {
    const bool room = numbers_.outcomes.size() < kMostOutcomes;
    found = numbers_.outcomes.emplace(room ? std::string(name) : "others", 0).first;
  }
  ++found->second;
}

Numbers Tally::numbers() const {
  const std::lock_guard lock(mutex_);
  return numbers_;
}

std::string short_name(const base::Error& error) {
  if (error.code == base::ErrorCode::peer_fault) {
    const std::string_view code =
        std::string_view(error.detail).substr(0, error.detail.starts_with("HTTP ") ? 8 : 4);
    if (std::all_of(code.begin(), code.end(), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == ' ';
        }))
      return std::string(code);
    return "fault without code";
  }
  std::string out(base::to_string(error.code));
  if (error.code == base::ErrorCode::network || error.code == base::ErrorCode::timed_out)
    if (const auto step = error.detail.find(':'); step != std::string::npos)
      out += ": " +
             harmless(std::string_view(error.detail).substr(0, std::min<std::size_t>(step, 40)));
  return out;
}

} // namespace cli::load
