// Files that municipalities hand in as their certificate, and what they are in truth.
#pragma once
#include <string_view>

namespace cli::ctl {

enum class HandedIn {
  no_private_key, // a certificate, or nothing of use
  private_key,    // PEM, or DER: PKCS#1, PKCS#8 (also encrypted), SEC 1
  key_store       // PKCS#12 (.p12, .pfx) or a Java key store: holds the private key
};

// By the content alone; names of files say nothing. Never parses deeper than the first tags.
HandedIn kind_of_file(std::string_view bytes);

} // namespace cli::ctl
