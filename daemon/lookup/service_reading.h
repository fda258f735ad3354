// [[description]] and [[organisation.service.element]] of a directory file. Private to lookup/.
#pragma once
#include "directory/directory.h"
#include "lookup/file_directory.h"
#include "lookup/toml_file.h"
#include <functional>
#include <vector>

namespace lookup {

// Appends what `root` describes.
base::Result<> read_descriptions(const TomlFile& file, const toml::table& root,
                                 const Limits& limits,
                                 std::vector<directory::ServiceDescription>& out);
// The same of a file that holds descriptions only. Error details begin with `name`.
base::Result<> parse_descriptions(std::string_view text, const std::string& name,
                                  const Limits& limits,
                                  std::vector<directory::ServiceDescription>& out);

// The certificate in a file that a node names. Error: invalid_config, with the place.
using ServiceCertificate = std::function<base::Result<crypto::Certificate>(
    const toml::node& node, const std::string& file, directory::CertificateUse use)>;
base::Result<std::vector<directory::ServiceElements>>
read_elements(const TomlFile& file, const toml::table& service,
              const ServiceCertificate& certificate);

} // namespace lookup
