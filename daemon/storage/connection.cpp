#include "storage/connection.h"

namespace storage {

Statement::Statement(Prepared& prepared) : prepared_(prepared) {
  base::check(!prepared_.lent, "a statement was lent twice");
  prepared_.lent = true;
}

Statement::~Statement() {
  prepared_.reset();
  prepared_.lent = false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::run_for_number() {
  std::int64_t out = 0;
  while (step()) out = integer(0);
  return out;
}

base::Instant Statement::instant(int column) const {
  return base::Instant{base::Milliseconds{integer(column)}};
}

std::optional<base::Instant> Statement::optional_instant(int column) const {
  if (is_null(column)) return std::nullopt;
  return instant(column);
}

} // namespace storage
