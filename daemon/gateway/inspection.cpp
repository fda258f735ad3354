// What a request needs from the authorities before it is decided.
#include "authority/revocation.h"
#include "gateway/gateway.h"
#include <algorithm>

namespace gateway {

asio::awaitable<std::shared_ptr<const crypto::RevocationResults>>
Gateway::revocation_of(std::shared_ptr<const seal::Message> message,
                       std::shared_ptr<const Settings> settings) {
  if (!parts_.revocation) co_return nullptr;
  auto job = [message] { return osci::certificates_to_check(*message); };
  const async::Place begun{async::Lane::brief, true};
  auto certificates = co_await parts_.cpu.run(std::move(job), begun);
  // Nobody was asked: decide() reports each certificate as not checkable.
  if (!certificates) co_return std::make_shared<const crypto::RevocationResults>();
  std::vector<crypto::Certificate> asked = std::move(*certificates);
  co_return co_await parts_.revocation->check(std::move(asked), settings->trust);
}

bool Gateway::own_cipher_revoked(const Settings& settings) const {
  if (!parts_.revocation) return false;
  // Which of several keys opened a message is not told; as long as one is good it is taken.
  const auto& keys = settings.cipher_keys;
  return std::all_of(keys.begin(), keys.end(), [this](const auto& pair) {
    const auto known = parts_.revocation->known(pair.certificate);
    return known && known->outcome == crypto::RevocationOutcome::revoked;
  });
}

} // namespace gateway
