// What an organisation still lacks to take part as the directory says it does (domain 1.2, 1.4).
// Pure.
#pragma once
#include "base/clock.h"
#include "directory/directory.h"
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace directory {

enum class Lack {
  cipher_certificate, // it has a mailbox, but no certificate to encrypt for at present
  certificate_ends,   // notice: the last current one of a use ends soon
  service_element,    // a required slot of a service that it offers is not filled
  element_ended,      // what fills a slot is a certificate outside its validity
  key_form,           // notice: the key is not three letters and twelve digits
  not_described,      // notice: a service that it offers is described nowhere
  from_installation   // notice: intermediary of a required slot; the installation's stands for it
};

struct Finding {
  Lack lack = Lack::cipher_certificate;
  std::string service; // URI; empty: none in particular
  std::string detail;  // e.g. "testa recipient_cipher"
};

bool required(Lack lack);              // false: a notice
std::string_view to_string(Lack lack); // "cipher_certificate"

// What is not current at `now` counts as not there. A service that has ended is not looked at. An
// element that is not given is filled by the organisation's own certificate of that use, and the
// intermediary's by the installation (ServiceElements); of an optional network only what is given
// is judged.
std::vector<Finding> lacks(const Directory& directory, const Organisation& organisation,
                           base::Instant now, std::chrono::days soon = std::chrono::days{60});

} // namespace directory
