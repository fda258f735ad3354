#include "xoev/pack_files.h"
#include "base/encoding.h"
#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <sys/stat.h>
#include <zip.h>

namespace xoev {

using base::ErrorCode;
using base::fail;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFreeOfRatio = 64 * 1024;
constexpr std::size_t kLeastZip =
    22; // an end record; libzip takes no octets at all for an empty ZIP

base::Error too_large(const std::string& what) {
  return fail(ErrorCode::too_large, what);
}

bool ends_with_any_case(std::string_view text, std::string_view ending) {
  if (text.size() < ending.size()) return false;
  const auto tail = text.substr(text.size() - ending.size());
  return std::equal(tail.begin(), tail.end(), ending.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

bool of_interest(std::string_view name) {
  const auto slash = name.rfind('/');
  const auto file = slash == std::string_view::npos ? name : name.substr(slash + 1);
  if (file.empty() || file.front() == '.') return false;
  return ends_with_any_case(file, ".xsd") || ends_with_any_case(file, ".xml") ||
         file.find('.') == std::string_view::npos;
}

// A relative path without tricks. Colons are usual in names of XRepository.
bool safe_name(std::string_view name) {
  if (name.empty() || name.size() > 1024 || name.front() == '/' || !base::valid_utf8(name))
    return false;
  for (const char c : name)
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    const auto part = name.substr(at, end - at);
    if (part == "." || part == ".." || (part.empty() && end != name.size())) return false;
    at = end + 1;
  }
  return true;
}

base::Result<std::string> read_bounded(const fs::path& path, std::size_t limit) {
  std::ifstream in(path, std::ios::binary);
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (!in || failed) return fail(ErrorCode::file_error, path.string() + ": cannot be read");
  if (size > limit)
    return too_large(path.string() + ": larger than " + std::to_string(limit >> 20) + " MiB");
  std::string out(static_cast<std::size_t>(size), '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (in.gcount() != static_cast<std::streamsize>(size))
    return fail(ErrorCode::file_error, path.string() + ": cannot be read");
  return out;
}

void sort_by_name(std::vector<PackFile>& files) {
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

// Signatures of central directory entries: libzip would make room for as many as the ZIP holds.
std::size_t directory_entries(std::string_view zip) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = zip.find("PK\1\2", at)) != std::string_view::npos; at += 4)
    ++count;
  return count;
}

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

class ZipReader {
 public:
  ZipReader(zip_t* archive, const PackLimits& limits) : archive_(archive), limits_(limits) {}

  base::Result<std::vector<PackFile>> read() {
    const auto entries = zip_get_num_entries(archive_, 0);
    if (entries < 0 || static_cast<std::uint64_t>(entries) > limits_.entries)
      return too_large("ZIP: more than " + std::to_string(limits_.entries) + " entries");
    // All entries are looked at before one is unpacked.
    std::vector<zip_stat_t> wanted;
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(entries); ++i) {
      zip_stat_t entry;
      if (zip_stat_index(archive_, i, 0, &entry) != 0 || !(entry.valid & ZIP_STAT_NAME) ||
          !(entry.valid & ZIP_STAT_SIZE) || !(entry.valid & ZIP_STAT_COMP_SIZE))
        return wrong(i, "cannot be read");
      if (const auto ok = inspect(i, entry); !ok) return ok.error();
      if (of_interest(entry.name)) wanted.push_back(entry);
    }
    std::vector<PackFile> out;
    for (const auto& entry : wanted) {
      auto bytes = unpack(entry);
      if (!bytes) return bytes.error();
      out.push_back({entry.name, std::move(*bytes)});
    }
    sort_by_name(out);
    return out;
  }

 private:
  static base::Error wrong(zip_uint64_t index, const char* rule) {
    return fail(ErrorCode::invalid_config, "ZIP: entry " + std::to_string(index + 1) + ": " + rule);
  }

  base::Result<> inspect(zip_uint64_t index, const zip_stat_t& entry) {
    const std::string_view name = entry.name;
    if (!safe_name(name)) return wrong(index, "name leads out of the pack");
    if (static_cast<std::size_t>(std::count(name.begin(), name.end(), '/')) > limits_.depth)
      return wrong(index, "folders nested too deep");
    if (!names_.insert(std::string(name)).second) return wrong(index, "name given twice");
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(archive_, index, 0, &system, &attributes) != 0)
      return wrong(index, "cannot be read");
    const auto kind = static_cast<mode_t>(attributes >> 16) & S_IFMT;
    // Some writers leave the kind open; a link says what it is.
    if (kind != 0 && kind != S_IFREG && kind != S_IFDIR)
      return wrong(index, "link or special file");
    if ((entry.valid & ZIP_STAT_ENCRYPTION_METHOD) && entry.encryption_method != ZIP_EM_NONE)
      return wrong(index, "encrypted");
    if (entry.size > limits_.file_bytes)
      return too_large("ZIP: entry " + std::to_string(index + 1) + ": larger than " +
                       std::to_string(limits_.file_bytes) + " octets");
    if (entry.size > kFreeOfRatio && entry.size / limits_.ratio > entry.comp_size)
      return too_large("ZIP: entry " + std::to_string(index + 1) +
                       ": grows too much when unpacked");
    total_ += static_cast<std::size_t>(entry.size);
    if (total_ > limits_.total_bytes)
      return too_large("ZIP: larger than " + std::to_string(limits_.total_bytes) +
                       " octets when unpacked");
    return {};
  }

  base::Result<std::string> unpack(const zip_stat_t& entry) const {
    const std::unique_ptr<zip_file_t, CloseFile> file(zip_fopen_index(archive_, entry.index, 0));
    if (!file) return wrong(entry.index, "cannot be unpacked");
    std::string out(static_cast<std::size_t>(entry.size), '\0');
    std::size_t filled = 0;
    while (filled < out.size()) {
      const auto got = zip_fread(file.get(), out.data() + filled, out.size() - filled);
      if (got <= 0) return wrong(entry.index, "is cut or has a wrong checksum");
      filled += static_cast<std::size_t>(got);
    }
    char beyond = 0; // at the end libzip compares the checksum
    if (zip_fread(file.get(), &beyond, 1) != 0)
      return wrong(entry.index, "has a wrong length or checksum");
    return out;
  }

  zip_t* archive_;
  const PackLimits& limits_;
  std::set<std::string> names_;
  std::size_t total_ = 0;
};

} // namespace

base::Result<std::vector<PackFile>> read_pack_zip(std::string_view zip, const PackLimits& limits) {
  if (zip.size() < kLeastZip) return fail(ErrorCode::invalid_config, "no readable ZIP");
  if (zip.size() > limits.zip_bytes) return too_large("ZIP: larger than the limit");
  if (directory_entries(zip) > limits.entries)
    return too_large("ZIP: more than " + std::to_string(limits.entries) + " entries");
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(zip.data(), zip.size(), 0, &error);
  zip_t* opened = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
  zip_error_fini(&error);
  if (!opened) {
    if (source) zip_source_free(source);
    return fail(ErrorCode::invalid_config, "no readable ZIP");
  }
  const std::unique_ptr<zip_t, Discard> archive(opened);
  return ZipReader(archive.get(), limits).read();
}

base::Result<std::vector<PackFile>> read_pack_folder(const fs::path& folder,
                                                     const PackLimits& limits) {
  std::vector<PackFile> out;
  std::size_t entries = 0, total = 0;
  std::error_code failed;
  fs::recursive_directory_iterator at(folder, failed);
  if (failed) return fail(ErrorCode::file_error, folder.string() + ": cannot be read");
  for (const fs::recursive_directory_iterator end; at != end; at.increment(failed)) {
    if (++entries > limits.entries)
      return too_large(folder.string() + ": more than " + std::to_string(limits.entries) +
                       " files");
    const auto name = at->path().filename().string();
    if (at->is_symlink(failed) || name.starts_with('.')) {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_directory(failed)) {
      if (static_cast<std::size_t>(at.depth()) >= limits.depth) at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file(failed) || !of_interest(name)) continue;
    auto bytes = read_bounded(at->path(), limits.file_bytes);
    if (!bytes) return bytes.error();
    total += bytes->size();
    if (total > limits.total_bytes)
      return too_large(folder.string() + ": larger than " +
                       std::to_string(limits.total_bytes >> 20) + " MiB");
    out.push_back({at->path().lexically_relative(folder).generic_string(), std::move(*bytes)});
  }
  // An error makes the iterator the end.
  if (failed) return fail(ErrorCode::file_error, folder.string() + ": cannot be read");
  sort_by_name(out);
  return out;
}

base::Result<std::vector<PackFile>> read_pack(const fs::path& path, const PackLimits& limits) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return read_pack_folder(path, limits);
  auto bytes = read_bounded(path, limits.zip_bytes);
  if (!bytes) return bytes.error();
  auto files = read_pack_zip(*bytes, limits);
  if (!files) return fail(files.error().code, path.string() + ": " + files.error().detail);
  return files;
}

} // namespace xoev
