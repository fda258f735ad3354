// ZIPs for tests, honest and hostile.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>
#include <zip.h>

namespace test {

struct ZipEntry {
  std::string name, bytes;
  std::uint32_t unix_mode = 0; // 0: not said
};

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  if (!archive) throw std::runtime_error("no ZIP");
  for (const auto& entry : entries) {
    auto* source = zip_source_buffer(archive, entry.bytes.data(), entry.bytes.size(), 0);
    const auto index = zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) throw std::runtime_error("no entry");
    if (entry.unix_mode)
      zip_file_set_external_attributes(archive, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                       entry.unix_mode << 16);
  }
  if (zip_close(archive) != 0) throw std::runtime_error("ZIP not written");
  zip_stat_t about;
  zip_source_stat(target, &about);
  std::string out(static_cast<std::size_t>(about.size), '\0');
  zip_source_open(target);
  zip_source_read(target, out.data(), out.size());
  zip_source_close(target);
  zip_source_free(target);
  zip_error_fini(&error);
  return out;
}

} // namespace test
