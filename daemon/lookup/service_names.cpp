#include "lookup/service_names.h"
#include <algorithm>
#include <utility>

namespace lookup {

using directory::Communication;
using directory::Network;
using directory::ServiceElement;

namespace {

template <class T>
using Names = std::pair<T, std::string_view>;

constexpr std::array kNetworks{Names<Network>{Network::internet, "internet"},
                               Names<Network>{Network::testa, "testa"}};
constexpr std::array kElements{
    Names<ServiceElement>{ServiceElement::intermediary, "intermediary"},
    Names<ServiceElement>{ServiceElement::intermediary_cipher, "intermediary_cipher"},
    Names<ServiceElement>{ServiceElement::intermediary_signature, "intermediary_signature"},
    Names<ServiceElement>{ServiceElement::recipient_cipher, "recipient_cipher"},
    Names<ServiceElement>{ServiceElement::content_cipher, "content_cipher"},
    Names<ServiceElement>{ServiceElement::content_signature, "content_signature"}};
// As osci:operation/@communicationType says it.
constexpr std::array kWays{
    Names<Communication>{Communication::one_way_active, "one-way-active"},
    Names<Communication>{Communication::one_way_passive, "one-way-passive"},
    Names<Communication>{Communication::request_response, "request-response"}};

template <class Table, class T>
std::string_view name_in(const Table& table, T value) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [value](const auto& row) { return row.first == value; });
  return found == table.end() ? std::string_view() : found->second;
}

template <class T, class Table>
std::optional<T> value_in(const Table& table, std::string_view name) {
  for (const auto& [value, its_name] : table)
    if (its_name == name) return value;
  return std::nullopt;
}

template <class Elements>
auto* certificate_in(Elements& elements, ServiceElement element) {
  switch (element) {
  case ServiceElement::intermediary_cipher:
    return &elements.intermediary_cipher;
  case ServiceElement::intermediary_signature:
    return &elements.intermediary_signature;
  case ServiceElement::recipient_cipher:
    return &elements.recipient_cipher;
  case ServiceElement::content_cipher:
    return &elements.content_cipher;
  case ServiceElement::content_signature:
    return &elements.content_signature;
  case ServiceElement::intermediary:
    break;
  }
  return decltype(&elements.content_cipher){nullptr};
}

} // namespace

std::string_view to_string(Network network) {
  return name_in(kNetworks, network);
}
std::string_view to_string(ServiceElement element) {
  return name_in(kElements, element);
}
std::string_view to_string(Communication communication) {
  return name_in(kWays, communication);
}
std::optional<Network> network_of(std::string_view name) {
  return value_in<Network>(kNetworks, name);
}
std::optional<ServiceElement> service_element_of(std::string_view name) {
  return value_in<ServiceElement>(kElements, name);
}
std::optional<Communication> communication_of(std::string_view name) {
  return value_in<Communication>(kWays, name);
}

std::optional<crypto::Certificate>* certificate_of(directory::ServiceElements& elements,
                                                   ServiceElement element) {
  return certificate_in(elements, element);
}
const std::optional<crypto::Certificate>* certificate_of(const directory::ServiceElements& elements,
                                                         ServiceElement element) {
  return certificate_in(elements, element);
}

directory::CertificateUse use_of(ServiceElement element) {
  return element == ServiceElement::intermediary_signature ||
                 element == ServiceElement::content_signature
             ? directory::CertificateUse::signature
             : directory::CertificateUse::cipher;
}

} // namespace lookup
