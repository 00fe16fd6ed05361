#include <autohttps/common/error.h>
#include <autohttps/server/engine/unix_listener.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

namespace autohttps {
namespace {

bool connects(const std::filesystem::path& path) {
  const OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

struct UnixListenerTest : testing::Test {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "s";
};

TEST_F(UnixListenerTest, IsForItsGroupWhateverTheUmaskAndGoesAtTheEnd) {
  const mode_t before = ::umask(0077);
  {
    const UnixListener listener(path);
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::lstat(path.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777, 0660u);
    EXPECT_TRUE(connects(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixListenerTest, TakesThePlaceOfASocketThatNobodyServes) {
  std::optional<UnixListener> gone(std::in_place, path);
  gone->take().reset();
  ASSERT_TRUE(std::filesystem::exists(path));
  const UnixListener listener(path);
  EXPECT_TRUE(connects(path));
  gone.reset();  // the file is another one by now
  EXPECT_TRUE(connects(path));
}

TEST_F(UnixListenerTest, LeavesWhatIsServedOrIsNoSocket) {
  folder.write("file", "keep me");
  const UnixListener served(path);
  for (const std::filesystem::path& taken : {path, folder / "file", folder.path()}) {
    try {
      const UnixListener listener(taken);
      ADD_FAILURE() << taken;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::port) << error.what();
      EXPECT_NE(std::string(error.what()).find(taken.string()), std::string::npos);
    }
  }
  EXPECT_TRUE(connects(path));
  EXPECT_TRUE(std::filesystem::exists(folder / "file"));
}

TEST_F(UnixListenerTest, RefusesWhatCanBeNoPath) {
  for (const std::string& bad : {std::string(), std::string("relative"),
                                 "/" + std::string(107, 'x'), std::string("/a\0b", 4)}) {
    try {
      const UnixListener listener(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config) << error.what();
    }
  }
  EXPECT_THROW(UnixListener(folder / "none/s"), Error);
}

}  // namespace
}  // namespace autohttps
