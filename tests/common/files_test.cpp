#include <autohttps/common/files.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  static int error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const std::system_error& error) {
      return error.code().value();
    }
    return 0;
  }
  std::string read(const std::string& path) {
    const auto file = beneath_.open(path, O_RDONLY);
    return file ? read_all(file->get(), 1000) : "absent";
  }

  TemporaryFolder folder_;
  Folder beneath_{OwnedFd(::open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
};

TEST_F(FilesTest, OpensWhatLiesBeneath) {
  folder_.write("a/b/c", "text");
  EXPECT_EQ(read("a/b/c"), "text");
  EXPECT_EQ(read("a/b/d"), "absent");
  EXPECT_EQ(read("x/y"), "absent");
}

TEST_F(FilesTest, OpensNothingOutside) {
  folder_.write("a/file", "text");
  fs::create_symlink("file", folder_ / "a/link");
  fs::create_directory_symlink("a", folder_ / "folder");
  fs::create_symlink("/proc/self/exe", folder_ / "magic");
  EXPECT_EQ(error_of([&] { read("../" + folder_.path().filename().string() + "/a/file"); }), EXDEV);
  EXPECT_EQ(error_of([&] { read("/etc/passwd"); }), EXDEV);
  EXPECT_EQ(error_of([&] { read("a/link"); }), ELOOP);
  EXPECT_EQ(error_of([&] { read("folder/file"); }), ELOOP);
  EXPECT_EQ(error_of([&] { read("magic"); }), ELOOP);
}

TEST_F(FilesTest, CreatesNewFilesOnly) {
  write_all(beneath_.create("new").get(), "text");
  EXPECT_EQ(read("new"), "text");
  EXPECT_EQ(error_of([&] { beneath_.create("new"); }), EEXIST);
  fs::create_symlink("nowhere", folder_ / "dangling");
  EXPECT_EQ(error_of([&] { beneath_.create("dangling"); }), EEXIST);
}

TEST_F(FilesTest, SharesNoFileWithAnotherName) {
  folder_.write("file", "text");
  EXPECT_EQ(error_of([&] { beneath_.open_or_create("file"); }), 0);
  fs::create_hard_link(folder_ / "file", folder_ / "other");
  EXPECT_EQ(error_of([&] { beneath_.open_or_create("file"); }), EMLINK);
}

TEST_F(FilesTest, MakesFoldersAndRemovesTrees) {
  beneath_.make_folders("a/b/c");
  beneath_.make_folders("a/b/c");
  beneath_.make_folders(".");
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b/c"));
  folder_.write("a/b/c/d", "x");
  folder_.write("a/file", "x");
  beneath_.remove_tree("a/b");
  beneath_.remove_tree("a/file");
  beneath_.remove_tree("a/never");
  beneath_.remove_tree("never/was");
  EXPECT_TRUE(fs::is_empty(folder_ / "a"));
}

TEST_F(FilesTest, AFileInAFoldersPlaceIsAnError) {
  folder_.write("a", "x");
  EXPECT_EQ(error_of([&] { beneath_.make_folders("a/b"); }), ENOTDIR);
  EXPECT_EQ(error_of([&] { beneath_.open("a/b", O_RDONLY); }), ENOTDIR);
}

TEST_F(FilesTest, ReadsWithABound) {
  folder_.write("file", std::string(1001, 'x'));
  EXPECT_EQ(error_of([&] { read("file"); }), EFBIG);
  folder_.write("file", std::string(1000, 'x'));
  EXPECT_EQ(read("file").size(), 1000U);
  EXPECT_EQ(error_of([&] { read("."); }), EISDIR);
  EXPECT_EQ(error_of([&] { read_all(OwnedFd(::open("/dev/zero", O_RDONLY)).get(), 10); }), EINVAL);
}

TEST_F(FilesTest, WritingToAFullDeviceIsAnError) {
  const OwnedFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(error_of([&] { write_all(full.get(), "x"); }), ENOSPC);
}

TEST_F(FilesTest, ListsSortedAsOftenAsAsked) {
  for (const char* name : {"c", "a", ".b"}) folder_.write(name, "");
  const std::vector<std::string> names = {".b", "a", "c"};
  EXPECT_EQ(entries(beneath_.fd()), names);
  EXPECT_EQ(entries(beneath_.fd()), names);
}

TEST_F(FilesTest, SyncsATree) {
  folder_.write("a/b/c", "x");
  EXPECT_EQ(error_of([&] { sync_tree(beneath_.fd()); }), 0);
  fs::create_symlink("c", folder_ / "a/b/link");
  EXPECT_EQ(error_of([&] { sync_tree(beneath_.fd()); }), ELOOP) << "not one of ours";
}

TEST(PathTest, SplitsBeforeTheLastPart) {
  EXPECT_EQ(split_path("a/b/c").folder, "a/b");
  EXPECT_EQ(split_path("a/b/c").name, "c");
  EXPECT_EQ(split_path("c").folder, ".");
  EXPECT_EQ(split_path("c").name, "c");
}

}  // namespace
}  // namespace autohttps
