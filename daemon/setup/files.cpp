#include "setup/files.h"
#include <array>
#include <fstream>

namespace setup {

using base::ErrorCode;
using base::fail;

base::Result<std::string> read_file(const std::filesystem::path& path) {
  constexpr std::size_t max = std::size_t{1} << 20;
  std::ifstream in(path, std::ios::binary);
  std::string out;
  std::array<char, 4096> block;
  while (in.is_open() && out.size() <= max && in) {
    in.read(block.data(), block.size());
    out.append(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad() || !in.is_open())
    return fail(ErrorCode::file_error, path.string() + ": cannot be read");
  if (out.size() > max) return fail(ErrorCode::file_error, path.string() + ": larger than 1 MiB");
  return out;
}

base::Result<std::vector<crypto::Certificate>>
read_certificates(const std::vector<std::filesystem::path>& files) {
  std::vector<crypto::Certificate> out;
  for (const auto& file : files) {
    const auto text = read_file(file);
    if (!text) return text.error();
    auto bundle = crypto::Certificate::bundle_from_file_text(*text);
    if (!bundle) return fail(bundle.error().code, file.string() + ": " + bundle.error().detail);
    out.insert(out.end(), bundle->begin(), bundle->end());
  }
  return out;
}

} // namespace setup
