#include "directory/completeness.h"
#include <algorithm>

namespace directory {

namespace {

const char* name_of(ServiceElement element) {
  switch (element) {
  case ServiceElement::intermediary:
    return "intermediary";
  case ServiceElement::intermediary_cipher:
    return "intermediary_cipher";
  case ServiceElement::intermediary_signature:
    return "intermediary_signature";
  case ServiceElement::recipient_cipher:
    return "recipient_cipher";
  case ServiceElement::content_cipher:
    return "content_cipher";
  case ServiceElement::content_signature:
    break;
  }
  return "content_signature";
}

const std::optional<crypto::Certificate>& certificate_of(const ServiceElements& elements,
                                                         ServiceElement element) {
  static const std::optional<crypto::Certificate> none;
  switch (element) {
  case ServiceElement::intermediary_cipher:
    return elements.intermediary_cipher;
  case ServiceElement::intermediary_signature:
    return elements.intermediary_signature;
  case ServiceElement::recipient_cipher:
    return elements.recipient_cipher;
  case ServiceElement::content_cipher:
    return elements.content_cipher;
  case ServiceElement::content_signature:
    return elements.content_signature;
  case ServiceElement::intermediary:
    break;
  }
  return none;
}

bool of_intermediary(ServiceElement element) {
  return element == ServiceElement::intermediary ||
         element == ServiceElement::intermediary_cipher ||
         element == ServiceElement::intermediary_signature;
}

// The moment at which the last certificate of this use that is current ends. Nullopt: none is.
std::optional<base::Instant> last_end(const Organisation& organisation, CertificateUse use,
                                      base::Instant now) {
  std::optional<base::Instant> last;
  for (const auto& one : organisation.certificates) {
    if (one.use != use || !one.current(now)) continue;
    const auto end = std::min(one.certificate.not_after(),
                              one.valid_until.value_or(one.certificate.not_after()));
    if (!last || *last < end) last = end;
  }
  return last;
}

class Judgement {
 public:
  Judgement(const Directory& directory, const Organisation& organisation, base::Instant now)
      : directory_(directory), organisation_(organisation), now_(now) {}

  std::vector<Finding> run(std::chrono::days soon) {
    const auto& key = organisation_.key;
    if (key.size() != 16 || key[3] != ':') add(Lack::key_form, "", "");
    for (const auto& [use, name] : {std::pair{CertificateUse::cipher, "cipher"},
                                    std::pair{CertificateUse::signature, "signature"}}) {
      const auto end = last_end(organisation_, use, now_);
      if (end && *end < now_ + soon)
        add(Lack::certificate_ends, "",
            std::string(name) + " " + base::format_datetime(*end).substr(0, 10));
      if (!end && use == CertificateUse::cipher && !organisation_.mailbox.empty())
        add(Lack::cipher_certificate, "", "");
    }
    for (const auto& service : organisation_.services) judge(service);
    return std::move(out_);
  }

 private:
  void add(Lack lack, const std::string& service, std::string detail) {
    out_.push_back({lack, service, std::move(detail)});
  }

  void judge(const Service& service) {
    if (service.valid_until && *service.valid_until <= now_) return;
    const auto* description = directory_.description(service.uri);
    if (description == nullptr) {
      add(Lack::not_described, service.uri, "");
      return;
    }
    for (const auto& slot : description->slots) judge(service, slot);
  }

  void judge(const Service& service, const Slot& slot) {
    const auto given = std::find_if(service.elements.begin(), service.elements.end(),
                                    [&](const auto& one) { return one.network == slot.network; });
    const std::string what = std::string(slot.network == Network::testa ? "testa " : "internet ") +
                             name_of(slot.element);
    if (given != service.elements.end()) {
      if (slot.element == ServiceElement::intermediary && !given->intermediary.empty()) return;
      if (const auto& certificate = certificate_of(*given, slot.element)) {
        if (certificate->not_before() <= now_ && now_ <= certificate->not_after()) return;
        add(Lack::element_ended, service.uri, what);
        return;
      }
    }
    // A network that is optional is used once something is given for it.
    if (!slot.required && given == service.elements.end()) return;
    if (of_intermediary(slot.element)) {
      add(Lack::from_installation, service.uri, what);
      return;
    }
    const auto use = slot.element == ServiceElement::content_signature ? CertificateUse::signature
                                                                       : CertificateUse::cipher;
    if (!last_end(organisation_, use, now_)) add(Lack::service_element, service.uri, what);
  }

  const Directory& directory_;
  const Organisation& organisation_;
  const base::Instant now_;
  std::vector<Finding> out_;
};

} // namespace

bool required(Lack lack) {
  return lack == Lack::cipher_certificate || lack == Lack::service_element ||
         lack == Lack::element_ended;
}

std::string_view to_string(Lack lack) {
  switch (lack) {
  case Lack::cipher_certificate:
    return "cipher_certificate";
  case Lack::certificate_ends:
    return "certificate_ends";
  case Lack::service_element:
    return "service_element";
  case Lack::element_ended:
    return "element_ended";
  case Lack::key_form:
    return "key_form";
  case Lack::not_described:
    return "not_described";
  case Lack::from_installation:
    break;
  }
  return "from_installation";
}

std::vector<Finding> lacks(const Directory& directory, const Organisation& organisation,
                           base::Instant now, std::chrono::days soon) {
  return Judgement(directory, organisation, now).run(soon);
}

} // namespace directory
