// Reading MessageMetaData, and what is taken over into headers of ours: that must stay what it is.
#include "osci/metadata.h"
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = osci::read_metadata(text);
  if (!read) return 0;
  const auto index = osci::metadata_index(*read);
  for (const auto* value : {&index.service, &index.message_type, &index.reader, &index.author})
    if (value->size() > mailbox::kMaxMetaDataValue) std::abort();
  (void)osci::loggable_party(index.reader);
  const auto adopted = osci::adopt_metadata(text);
  if (!adopted) return 0;
  const auto again = osci::adopt_metadata(*adopted);
  if (!again || *again != *adopted) std::abort();
  return 0;
}
