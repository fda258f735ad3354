// How a message says of itself that it is a test and no application: what `dataclearingctl
// readiness --send-test` and `osci source` share.
#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "osci/message.h"
#include <cstdint>
#include <optional>
#include <string>

namespace cli {

inline constexpr const char* kTestSubject = "TESTNACHRICHT - kein Antrag";
inline constexpr const char* kTestSchema = "urn:example:illustrativ:testnachricht:1_0";

// MessageMetaData with the mark TestMsg, from `author` to `reader` (organisation keys) about
// `service` (URI). Error: invalid_config (one of them is empty).
base::Result<std::optional<osci::CustomHeader>>
test_metadata(const std::string& author, const std::string& service, const std::string& reader,
              std::uint64_t octets, base::Instant now, base::RandomSource& random);

} // namespace cli
