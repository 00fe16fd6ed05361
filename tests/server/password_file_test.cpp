#include <autohttps/server/sites/password_file.h>

#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

// Made by htpasswd -B -C 5, and by openssl passwd and libxcrypt's crypt(): "secret".
constexpr const char* kBcrypt = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
constexpr const char* kYescrypt = "$y$j75$abcdefghijkl$v9quvWD9Rf3PZ/Cv69TjY7bBGQJAPdLyZCEDwg21mWD";
constexpr const char* kSha512 =
    "$6$rounds=1000$salt$HNxBeBnDfSfUrTj6KiLnmd7tGCvHEmcExh8kl/S0cZ5WrCciNZgfhbpkeFQ4JfkHX."
    "8vPq45lY0iINnCx1Lkm.";
constexpr const char* kSha256 = "$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7";

TEST(PasswordFileTest, KnowsEveryKindOfStrongHash) {
  for (const char* hash : {kBcrypt, kYescrypt, kSha512, kSha256}) {
    const PasswordFile file = PasswordFile::parse(std::string("bob:") + hash + "\n");
    EXPECT_TRUE(file.has("bob", "secret")) << hash;
    EXPECT_FALSE(file.has("bob", "Secret")) << hash;
    EXPECT_FALSE(file.has("bob", "")) << hash;
    EXPECT_FALSE(file.has("bob", std::string("secret\0x", 8))) << hash;
    EXPECT_FALSE(file.has("bob", std::string(2'000, 's'))) << hash;
    EXPECT_FALSE(file.has("bob", hash)) << "the hash is no password";
    EXPECT_FALSE(file.has("Bob", "secret"));
    EXPECT_FALSE(file.has("", "secret"));
  }
}

TEST(PasswordFileTest, ReadsCommentsEmptyLinesAndSeveralUsers) {
  const PasswordFile file = PasswordFile::parse(std::string("# people\r\n\nann:") + kSha256 +
                                                ":a comment\r\n" + "b ob\xc3\xa4:" + kBcrypt);
  EXPECT_EQ(file.size(), 2);
  EXPECT_TRUE(file.has("ann", "secret"));
  EXPECT_TRUE(file.has("b ob\xc3\xa4", "secret"));
  EXPECT_EQ(file.hash_of("ann"), kSha256);
  EXPECT_EQ(file.hash_of("carl"), "");
}

TEST(PasswordFileTest, RefusesWhatIsWeakOrNoneAndNamesTheLineButNotTheHash) {
  struct Case {
    std::string line;
    const char* says;
  };
  for (const Case& bad :
       {Case{"bob:$apr1$x$5tGnu1K7wWsYEnUX7RBhF/", "an MD5 hash"},
        Case{"bob:$1$x$5tGnu1K7wWsYEnUX7RBhF/", "an MD5 hash"},
        Case{"bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "a SHA-1 hash"},
        Case{"bob:secret", "not a hash"}, Case{"bob:rqXexS6ZhobKA", "not a hash"},
        Case{"bob:", "not a hash"}, Case{"bob:*0", "not a hash"}, Case{"bob:$y$", "not a hash"},
        Case{"bob:$2y$05$abc", "half a hash"}, Case{"bob:$6$salt$abc", "half a hash"},
        Case{"bob:$6$", "half a hash"}, Case{"bob:$5$rounds=9", "half a hash"},
        Case{std::string("bob:$2y$31$") + (kBcrypt + 7), "takes longer than"},
        Case{std::string("bob:$6$rounds=99999999$") + (kSha512 + 15), "takes longer than"},
        Case{"bob", "not \"user:hash\""}, Case{":x", "not \"user:hash\""},
        Case{std::string("ann:") + kSha256, "there already"}}) {
    const auto error =
        thrown_error([&] { PasswordFile::parse(std::string("ann:") + kSha256 + "\n" + bad.line); });
    ASSERT_TRUE(error) << bad.line;
    EXPECT_EQ(error->code(), ErrorCode::config);
    const std::string text = error->what();
    EXPECT_EQ(text.find("line 2: "), 0) << text;
    EXPECT_NE(text.find(bad.says), std::string::npos) << bad.line << " " << text;
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    EXPECT_FALSE(error->hint().empty());
  }
}

TEST(PasswordFileTest, AFileWithoutUsersIsNone) {
  for (const char* text : {"", "\n", "# bob:x\n"}) {
    EXPECT_TRUE(thrown_error([&] { PasswordFile::parse(text); })) << text;
  }
}

}  // namespace
}  // namespace autohttps
