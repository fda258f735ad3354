// The namespace context of an envelope. Inclusive C14N makes every prefix in scope part of each
// digest, so content that was signed by its author stays valid only inside the very context it was
// sent in (wire reference 4.7). A message therefore carries its context, and an answer reproduces
// the sender's.
#pragma once
#include "base/result.h"
#include <map>
#include <string>
#include <string_view>

namespace seal {

class Context {
 public:
  // Exactly ds, osci, soap, xenc, xsi: what every library client sends.
  static const Context& standard();
  // The context found at a Body; adds soap, osci, ds and xsi if they are not bound. Error:
  // invalid_request when a prefix we must use is bound to something else, so that an answer could
  // not reproduce it.
  static base::Result<Context> from_scope(const std::map<std::string, std::string>& scope);

  // " xmlns:ds=\"...\" xmlns:osci=\"...\"" in canonical order; `extra` adds or overrides one
  // prefix.
  std::string declarations(std::string_view extra_prefix = {},
                           std::string_view extra_uri = {}) const;

  // A canonical element text whose apex declares every prefix of this context as well, so that it
  // is still canonical inside an envelope of this context. Its own bindings win.
  std::string declared_on(std::string_view canonical) const;

  // Qualified names in this context.
  std::string soap(std::string_view local) const { return soap_ + std::string(local); }
  std::string osci(std::string_view local) const { return osci_ + std::string(local); }
  std::string ds(std::string_view local) const { return ds_ + std::string(local); }

  // Text form for the store: one "prefix=uri" a line.
  std::string serialise() const;
  static base::Result<Context> deserialise(std::string_view text);

  friend bool operator==(const Context& a, const Context& b) { return a.scope_ == b.scope_; }

 private:
  explicit Context(std::map<std::string, std::string> scope);
  std::map<std::string, std::string> scope_;
  std::string soap_, osci_, ds_; // "soap:" or "" for a default namespace
};

} // namespace seal
