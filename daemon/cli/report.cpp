#include "cli/report.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include <boost/json.hpp>
#include <iostream>

namespace cli {

void print(const KeptDelivery& delivery, bool json) {
  std::uint64_t size = 0;
  for (const auto& file : delivery.files) size += file.size;
  if (json) {
    boost::json::array files;
    for (const auto& file : delivery.files)
      files.push_back({{"file", delivery.folder + "/" + file.name},
                       {"kind", file.attachment ? "attachment" : "data"},
                       {"size", file.size},
                       {"sha256", file.sha256}});
    std::cout << boost::json::serialize(
                     boost::json::object{{"message_id", delivery.message_id},
                                         {"folder", delivery.folder},
                                         {"signed", delivery.is_signed},
                                         {"already_there", delivery.already_there},
                                         {"duplicate_of", delivery.duplicate_of},
                                         {"files", std::move(files)}})
              << std::endl;
    return;
  }
  std::cout << (delivery.message_id.empty() ? "without id" : harmless(delivery.message_id)) << "  "
            << delivery.folder << "  " << delivery.files.size()
            << (delivery.files.size() == 1 ? " file  " : " files  ") << human_size(size);
  for (const auto& author : delivery.authors)
    std::cout << "  signed by " << harmless(author.subject());
  if (!delivery.is_signed && !delivery.files.empty()) std::cout << "  NOT SIGNED";
  if (delivery.already_there) std::cout << "  (was there already)";
  if (!delivery.duplicate_of.empty())
    std::cout << "  DUPLICATE of " << harmless(delivery.duplicate_of);
  std::cout << std::endl;
  if (!delivery.unclaimed_attachments.empty())
    std::cerr << "osci: warning: " << delivery.unclaimed_attachments.size()
              << " attachment(s) belong to no content that you can read; not kept\n";
}

void explain_bad(const BadDelivery& bad) {
  std::cerr << explain(bad.error) << "      Message "
            << (bad.message_id.empty() ? "without id" : harmless(bad.message_id))
            << " is kept raw in " << bad.folder << ";\n";
}

} // namespace cli
