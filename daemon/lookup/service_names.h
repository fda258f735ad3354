// What networks, service elements and ways of use are called in files.
#pragma once
#include "directory/directory.h"
#include <array>
#include <optional>
#include <string_view>

namespace lookup {

std::string_view to_string(directory::Network network);             // "internet", "testa"
std::string_view to_string(directory::ServiceElement element);      // "recipient_cipher", ...
std::string_view to_string(directory::Communication communication); // "one-way-active", ...

std::optional<directory::Network> network_of(std::string_view name);
std::optional<directory::ServiceElement> service_element_of(std::string_view name);
std::optional<directory::Communication> communication_of(std::string_view name);

// Where a certificate of the elements is kept; null for the intermediary's URL.
std::optional<crypto::Certificate>* certificate_of(directory::ServiceElements& elements,
                                                   directory::ServiceElement element);
const std::optional<crypto::Certificate>* certificate_of(const directory::ServiceElements& elements,
                                                         directory::ServiceElement element);

// In the order of the enumeration.
inline constexpr std::array kServiceElements{directory::ServiceElement::intermediary,
                                             directory::ServiceElement::intermediary_cipher,
                                             directory::ServiceElement::intermediary_signature,
                                             directory::ServiceElement::recipient_cipher,
                                             directory::ServiceElement::content_cipher,
                                             directory::ServiceElement::content_signature};
// What the certificate of such an element is used for.
directory::CertificateUse use_of(directory::ServiceElement element);

} // namespace lookup
