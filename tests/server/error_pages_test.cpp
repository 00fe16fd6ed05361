#include <autohttps/server/sites/error_pages.h>

#include <autohttps/tests/support/head_of.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <filesystem>

namespace autohttps {
namespace {

class ErrorPagesTest : public ::testing::Test {
 protected:
  Answer dressed(Answer answer) {
    const ErrorPages pages(folder_ / "pages");
    pages.dress(*head_, answer);
    return answer;
  }
  Answer dressed(int status) { return dressed(status_answer(status, {{"Allow", "GET"}})); }

  const TemporaryFolder folder_;
  const ScannedHead head_{"GET", "/", {}};
};

TEST_F(ErrorPagesTest, OfTheStatusElseOfItsClassElseNone) {
  folder_.write("pages/404.html", "<p>gone");
  folder_.write("pages/4xx.html", "<p>wrong");
  EXPECT_EQ(body_of(dressed(404)), "<p>gone");
  EXPECT_EQ(body_of(dressed(403)), "<p>wrong");
  EXPECT_EQ(body_of(dressed(503)), "503 Service Unavailable\n");
  folder_.write("pages/5xx.html", "<p>sorry");
  EXPECT_EQ(body_of(dressed(503)), "<p>sorry") << "read when asked for";
}

TEST_F(ErrorPagesTest, StatusAndFieldsStayButForThoseOfTheText) {
  folder_.write("pages/4xx.html", "<p>wrong");
  const Answer answer = dressed(405);
  EXPECT_EQ(answer.head.status, 405);
  EXPECT_EQ(field_of(answer, "Allow"), "GET");
  EXPECT_EQ(count_fields(answer.head.fields, "Content-Type"), 1U);
  EXPECT_EQ(field_of(answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.body->length(), 8U);
}

TEST_F(ErrorPagesTest, AnswersThatAreNoErrorsAndThoseOfOthersStay) {
  folder_.write("pages/2xx.html", "no");
  folder_.write("pages/200.html", "no");
  folder_.write("pages/404.html", "no");
  EXPECT_EQ(body_of(dressed(200)), "200 OK\n");
  EXPECT_EQ(body_of(dressed(304)), "304 Not Modified\n");
  Answer foreign = status_answer(404);
  foreign.foreign = true;
  EXPECT_EQ(body_of(dressed(std::move(foreign))), "404 Not Found\n");
}

TEST_F(ErrorPagesTest, PagesLieInTheFolder) {
  EXPECT_EQ(body_of(dressed(404)), "404 Not Found\n") << "there is no folder";
  folder_.write("secret", "secret");
  folder_.write("pages/x", "");
  std::filesystem::create_symlink("../secret", folder_ / "pages/404.html");
  std::filesystem::create_directory(folder_ / "pages/403.html");
  folder_.write("pages/500.html", std::string((256 << 10) + 1, 'x'));
  for (const int status : {404, 403, 500}) {
    EXPECT_EQ(body_of(dressed(status)).find("secret"), std::string::npos);
    EXPECT_EQ(field_of(dressed(status), "Content-Type"), "text/plain; charset=utf-8") << status;
  }
}

}  // namespace
}  // namespace autohttps
