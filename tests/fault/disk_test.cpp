// What the model of a disk permits after a power cut, and what it does not.
#include "fault/disk.h"
#include <gtest/gtest.h>
#include <set>

namespace {

using fault::Call;
using fault::CallKind;
using fault::Disk;
using fault::Image;
using fault::Luck;
using fault::Model;

Call create(std::uint32_t node, const std::string& path) {
  return {CallKind::create, node, 0, path, ""};
}
Call write(std::uint32_t node, std::uint64_t offset, const std::string& bytes) {
  return {CallKind::write, node, offset, "", bytes};
}
Call sync(std::uint32_t node) {
  return {CallKind::sync, node, 0, "", ""};
}
Call sync_folder(const std::string& path) {
  return {CallKind::sync_folder, 0, 0, path, ""};
}

Disk after(const std::vector<Call>& calls) {
  Disk out;
  for (const auto& call : calls) out.apply(call);
  return out;
}

// "path=content path=content"; folders end in a slash.
std::string text(const Image& image) {
  std::string out;
  for (const auto& [path, content] : image)
    out += (out.empty() ? "" : " ") + path + (content ? "=" + *content : "/");
  return out;
}

std::string worst(const Disk& disk, Model model) {
  return text(disk.after_cut(Luck{model, 0, 4096, 0, 0}));
}

std::set<std::string> possible(const Disk& disk, Model model, double torn = 0) {
  std::set<std::string> out;
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    out.insert(text(disk.after_cut(Luck{model, 0.5, 512, torn, seed})));
  return out;
}

TEST(FaultDisk, StrictlyAFileNeedsItsOwnSyncAndItsFolders) {
  const auto content_only = after({create(1, "a"), write(1, 0, "x"), sync(1)});
  EXPECT_EQ(worst(content_only, Model::strict), "");
  EXPECT_EQ(worst(content_only, Model::ext4), "a=x");
  const auto name_only = after({create(1, "a"), write(1, 0, "x"), sync_folder(".")});
  EXPECT_EQ(worst(name_only, Model::strict), "a=");
  const auto both = after({create(1, "a"), write(1, 0, "x"), sync(1), sync_folder(".")});
  EXPECT_EQ(worst(both, Model::strict), "a=x");
  EXPECT_EQ(text(both.current()), "a=x");
  EXPECT_EQ(both.unsynced(), 0u);
}

TEST(FaultDisk, ARenameIsDurableWithItsFolder) {
  std::vector<Call> calls = {{CallKind::make_folder, 0, 0, "d", ""},
                             sync_folder("."),
                             create(1, "d/t"),
                             write(1, 0, "x"),
                             sync(1),
                             sync_folder("d"),
                             {CallKind::rename, 0, 0, "d/t", "d/f"}};
  EXPECT_EQ(worst(after(calls), Model::strict), "d/ d/t=x");
  EXPECT_EQ(possible(after(calls), Model::ext4), (std::set<std::string>{"d/ d/t=x", "d/ d/f=x"}));
  calls.push_back(sync_folder("."));
  EXPECT_EQ(worst(after(calls), Model::strict), "d/ d/t=x") << "another folder's sync";
  EXPECT_EQ(worst(after(calls), Model::ext4), "d/ d/f=x");
  calls.push_back(sync_folder("d"));
  EXPECT_EQ(worst(after(calls), Model::strict), "d/ d/f=x");
}

TEST(FaultDisk, WhatIsBelowALostFolderIsLost) {
  const auto disk = after({{CallKind::make_folder, 0, 0, "d", ""},
                           create(1, "d/f"),
                           write(1, 0, "x"),
                           sync(1),
                           sync_folder("d")});
  EXPECT_EQ(worst(disk, Model::strict), "");
  EXPECT_EQ(worst(disk, Model::ext4), "d/ d/f=x");
}

TEST(FaultDisk, Ext4KeepsTheOrderOfEntriesAndStrictDoesNot) {
  const auto disk = after({create(1, "a"), create(2, "b")});
  EXPECT_EQ(possible(disk, Model::ext4), (std::set<std::string>{"", "a=", "a= b="}));
  EXPECT_EQ(possible(disk, Model::strict), (std::set<std::string>{"", "a=", "b=", "a= b="}));
}

TEST(FaultDisk, UnsyncedWritesPersistInAnyOrder) {
  const auto disk = after({create(1, "a"), sync_folder("."), write(1, 0, "xx"), sync(1),
                           write(1, 0, "1"), write(1, 1, "2")});
  EXPECT_EQ(possible(disk, Model::strict), (std::set<std::string>{"a=xx", "a=1x", "a=x2", "a=12"}));
  EXPECT_EQ(worst(disk, Model::ext4), "a=xx");
}

TEST(FaultDisk, TheSizeMayPersistWithoutTheContent) {
  const auto disk = after({create(1, "a"), sync_folder("."), write(1, 0, "x")});
  EXPECT_EQ(possible(disk, Model::strict),
            (std::set<std::string>{"a=", "a=x", "a=" + std::string(1, '\0')}));
}

TEST(FaultDisk, AWriteTearsAtSectors) {
  const std::string zeros(1024, '\0'), ones(1024, '1');
  const auto disk =
      after({create(1, "a"), sync_folder("."), write(1, 0, zeros), sync(1), write(1, 0, ones)});
  const auto half = zeros.substr(512), other = ones.substr(512);
  EXPECT_EQ(
      possible(disk, Model::strict, 1),
      (std::set<std::string>{"a=" + zeros, "a=" + half + other, "a=" + other + half, "a=" + ones}));
}

TEST(FaultDisk, ASyncAfterAFailedOneProvesNothing) {
  const auto disk = after({create(1, "a"),
                           sync_folder("."),
                           write(1, 0, "x"),
                           {CallKind::sync_failed, 1, 0, "", ""},
                           sync(1)});
  EXPECT_EQ(worst(disk, Model::strict), "a=");
  EXPECT_EQ(text(disk.current()), "a=x");
}

TEST(FaultDisk, AMissingCallIsNoticed) {
  const std::vector<Call> calls = {
      create(1, "a"), write(1, 0, "xy"), {CallKind::truncate, 1, 1, "", ""}};
  const auto whole = after(calls).current();
  for (std::size_t i = 1; i < calls.size(); ++i) {
    auto fewer = calls;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(fault::same(after(fewer).current(), whole)) << i;
  }
}

} // namespace
