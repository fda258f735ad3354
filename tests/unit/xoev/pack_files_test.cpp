#include "xoev/pack_files.h"
#include "zip_of.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <initializer_list>
#include <sys/stat.h>

namespace xoev {
namespace {

using base::ErrorCode;
using test::zip_of;
namespace fs = std::filesystem;

TEST(PackZip, HoldsSchemasAndListsSortedByName) {
  std::string numbers; // packs well, but not suspiciously so
  while (numbers.size() < 200'000) numbers += std::to_string(numbers.size());
  const auto files = read_pack_zip(zip_of({{"std/b.xsd", "B"},
                                           {"urn:xoev-de:liste_1.xml", "L"},
                                           {"std/spec.pdf", "P"},
                                           {"a.xsd", numbers},
                                           {".hidden.xsd", "H"},
                                           {"empty.xsd", ""},
                                           {"plain", "S", S_IFREG | 0644}}));
  ASSERT_TRUE(files) << files.error().detail;
  std::vector<std::string> names;
  for (const auto& file : *files) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.xsd", "empty.xsd", "plain", "std/b.xsd",
                                             "urn:xoev-de:liste_1.xml"}));
  EXPECT_EQ(files->front().bytes, numbers);
}

TEST(PackZip, NamesThatLeadOutOfThePackAreRefused) {
  for (const char* name : {"../a.xsd", "std/../../a.xsd", "/etc/a.xsd", "a/./b.xsd", "a//b.xsd",
                           "..", "a\\b.xsd", "a\nb.xsd"}) {
    const auto files = read_pack_zip(zip_of({{name, "x"}}));
    ASSERT_FALSE(files) << name;
    EXPECT_EQ(files.error().code, ErrorCode::invalid_config) << name;
  }
}

TEST(PackZip, LinksAndSpecialFilesAreRefused) {
  for (const mode_t kind : std::initializer_list<mode_t>{S_IFLNK, S_IFIFO, S_IFCHR, S_IFSOCK}) {
    const auto files = read_pack_zip(zip_of({{"a.xsd", "/etc/passwd", kind | 0777}}));
    ASSERT_FALSE(files);
    EXPECT_NE(files.error().detail.find("link"), std::string::npos);
  }
}

TEST(PackZip, LimitsHoldBeforeAnythingIsUnpacked) {
  const auto refused = [](const std::string& zip, const PackLimits& limits) {
    const auto files = read_pack_zip(zip, limits);
    return !files && files.error().code == ErrorCode::too_large;
  };
  // A bomb: 8 MB of zeros in a few KB.
  EXPECT_TRUE(refused(zip_of({{"a.xsd", std::string(8 << 20, '\0')}}), {}));
  PackLimits limits;
  limits.ratio = 100'000;
  EXPECT_TRUE(read_pack_zip(zip_of({{"a.xsd", std::string(8 << 20, '\0')}}), limits));
  limits.file_bytes = 1000;
  EXPECT_TRUE(refused(zip_of({{"a.xsd", std::string(1001, 'x')}}), limits));
  limits.total_bytes = 1500; // of everything, also of what is not read
  EXPECT_TRUE(refused(zip_of({{"a.xsd", std::string(900, 'x')}, {"b.pdf", std::string(900, 'x')}}),
                      limits));
  limits = {};
  limits.entries = 2;
  EXPECT_TRUE(refused(zip_of({{"a", ""}, {"b", ""}, {"c", ""}}), limits));
  limits = {};
  limits.zip_bytes = 10;
  EXPECT_TRUE(refused(zip_of({{"a", ""}}), limits));
}

TEST(PackZip, WhatIsBrokenIsRefused) {
  const std::string whole = zip_of({{"a.xsd", std::string(5000, 'x') + "y"}, {"b.xsd", "b"}});
  ASSERT_TRUE(read_pack_zip(whole));
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x55);
    const auto files = read_pack_zip(broken); // some octets mean nothing, e.g. times
    if (!files) ++refused;
    for (std::size_t i = 0; files && i < files->size(); ++i)
      EXPECT_TRUE((*files)[i].name != "b.xsd" || (*files)[i].bytes == "b") << at;
  }
  EXPECT_GT(refused, whole.size() / 4);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_pack_zip(std::string_view(whole).substr(0, size))) << size;
  EXPECT_FALSE(read_pack_zip("no ZIP"));
}

TEST(PackFolder, DoesNotFollowLinks) {
  std::string pattern = (fs::temp_directory_path() / "dc-pack-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const fs::path folder = pattern;
  fs::create_directories(folder / "std/1_0");
  std::ofstream(folder / "std/1_0/a.xsd") << "A";
  std::ofstream(folder / "std/readme.txt") << "T";
  fs::create_symlink("/etc/hostname", folder / "link.xsd");
  fs::create_directory_symlink("/etc", folder / "etc");
  const auto files = read_pack(folder);
  PackLimits limits;
  limits.entries = 2;
  const auto many = read_pack(folder, limits);
  limits = {};
  limits.total_bytes = 0;
  const auto large = read_pack(folder, limits);
  std::ofstream(folder / "p.zip", std::ios::binary) << zip_of({{"std/1_0/a.xsd", "A"}});
  const auto zipped = read_pack(folder / "p.zip");
  fs::remove_all(folder);
  ASSERT_TRUE(files) << files.error().detail;
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front().name, "std/1_0/a.xsd");
  EXPECT_FALSE(many);
  EXPECT_FALSE(large);
  ASSERT_TRUE(zipped) << zipped.error().detail;
  EXPECT_EQ(zipped->front().bytes, "A");
  EXPECT_EQ(read_pack(folder).error().code, ErrorCode::file_error);
}

} // namespace
} // namespace xoev
