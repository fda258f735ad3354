// Small files of the configuration: certificates, PINs, keys. Private to setup/.
#pragma once
#include "base/result.h"
#include "crypto/certificate.h"
#include <filesystem>
#include <string>
#include <vector>

namespace setup {

// At most 1 MiB. Error: file_error.
base::Result<std::string> read_file(const std::filesystem::path& path);

// All certificates of all files, in order. Errors: file_error, and those of a certificate.
base::Result<std::vector<crypto::Certificate>>
read_certificates(const std::vector<std::filesystem::path>& files);

} // namespace setup
