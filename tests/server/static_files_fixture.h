// A folder with a secret beside it, and requests for what is in it.
#pragma once

#include <autohttps/server/sites/static_files.h>
#include <autohttps/tests/support/head_of.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>
#include <memory>
#include <string>

namespace autohttps {

class StaticFilesFixture : public ::testing::Test {
 protected:
  static constexpr std::time_t kModified = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT
  static constexpr const char* kDate = "Tue, 14 Nov 2023 22:13:20 GMT";

  void SetUp() override {
    folder_.write("outside.txt", "secret");
    write("index.html", "<p>home");
    write("a b.txt", "0123456789");
    write("docs/index.html", "<p>docs");
    write("empty/x.css", "");
    write(".env", "secret");
    write(".well-known/security.txt", "mail");
  }

  // Beneath the root, and as old as all others.
  void write(const std::string& name, const std::string& contents,
             std::time_t modified = kModified) const {
    folder_.write("www/" + name, contents);
    set_time(name, modified);
  }
  void set_time(const std::string& name, std::time_t modified) const {
    const timespec times[2] = {{modified, 0}, {modified, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / ("www/" + name)).c_str(), times, 0), 0);
  }

  Answer ask(const std::string& target, const HeaderFields& fields = {},
             const std::string& method = "GET") const {
    const ScannedHead head(method, target, fields);
    return files_->answer(*head, head->resource);
  }
  int status(const std::string& target) const { return ask(target).head.status; }
  std::string body(const std::string& target) const { return body_of(ask(target)); }

  TemporaryFolder folder_;
  std::unique_ptr<StaticFiles> files_ =
      std::make_unique<StaticFiles>(StaticFilesOptions{.root = folder_ / "www"});
};

}  // namespace autohttps
