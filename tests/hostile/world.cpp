#include "hostile/world.h"
#include "crypto/self_signed.h"
#include <stdexcept>

namespace hostile {

const crypto::KeyPair& stranger() {
  static const crypto::KeyPair pair = [] {
    const auto made =
        crypto::make_self_signed({"Stranger", base::parse_datetime("2020-01-01T00:00:00Z").value(),
                                  base::parse_datetime("2040-01-01T00:00:00Z").value()});
    if (!made) throw std::runtime_error("no stranger");
    return *made;
  }();
  return pair;
}

std::size_t World::stored() {
  mailbox::CardSelection all;
  all.mailboxes = {"wgb:059130000000", "wgb:055540004004"};
  all.limit = 1000;
  const auto page = intermediary.store().cards(all, std::nullopt);
  if (!page) throw std::runtime_error("cards");
  return page->cards.size();
}

} // namespace hostile
