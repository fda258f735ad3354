// A schema pack as ZIP: what is read stays within the limits and below the pack's folder.
#include "xoev/pack_files.h"
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  xoev::PackLimits limits;
  limits.zip_bytes = 1 << 20;
  limits.entries = 50;
  limits.file_bytes = 100'000;
  limits.total_bytes = 300'000;
  const auto files = xoev::read_pack_zip({reinterpret_cast<const char*>(data), size}, limits);
  if (!files) return 0;
  std::size_t total = 0;
  std::set<std::string_view> names;
  for (const auto& file : *files) {
    total += file.bytes.size();
    const std::string_view name = file.name;
    if (file.bytes.size() > limits.file_bytes || !names.insert(name).second) std::abort();
    if (name.empty() || name.front() == '/' || name == ".." || name.starts_with("../") ||
        name.ends_with("/..") || name.find("/../") != std::string_view::npos ||
        name.find('\\') != std::string_view::npos)
      std::abort();
  }
  if (total > limits.total_bytes || files->size() > limits.entries) std::abort();
  return 0;
}
