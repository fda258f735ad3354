#include "cli/test_message.h"
#include "cli/metadata.h"

namespace cli {

base::Result<std::optional<osci::CustomHeader>>
test_metadata(const std::string& author, const std::string& service, const std::string& reader,
              std::uint64_t octets, base::Instant now, base::RandomSource& random) {
  MetaDataOptions metadata;
  metadata.test = true;
  metadata.author = author;
  metadata.message_type = "testnachricht.0001";
  metadata.message_type_list = "urn:example:illustrativ:codeliste:nachrichtentyp";
  metadata.message_type_version = "1";
  metadata.payload_schema = kTestSchema;
  metadata.scenario = "Testnachricht";
  return metadata_header(metadata, service, reader, octets, now, random);
}

} // namespace cli
