// The README's programs, as they are, against a real CA.
#include <autohttps/tests/integration/running_server.h>

namespace autohttps {
namespace {

// An example on the store and the CA of the test, on free ports.
class Example {
 public:
  Example(const ProgramOnPebble& here, const std::string& name)
      : here_(here), child_(start(name)) {}

  bool is_up() { return child_.wait_for("serving"); }
  HttpsRequest request(const std::string& path) const {
    return {.port = https_.number(),
            .name = "a.test",
            .path = path,
            .root_pem = here_.pebble.root_pem()};
  }
  Child& child() { return child_; }
  std::string log() const { return child_.out() + child_.err(); }

 private:
  ChildOptions start(const std::string& name) const {
    ChildOptions child;
    child.arguments = {(autohttps_program().parent_path() / "examples" / name).string(),
                       "a.test",
                       "--server",
                       here_.pebble.directory_url(),
                       "--ca-bundle",
                       here_.pebble.ca_bundle().string(),
                       "--limits",
                       "none",
                       "--store",
                       here_.store(),
                       "--http-port",
                       std::to_string(here_.pebble.http_port()),
                       "--https-port",
                       https_.text()};
    return child;
  }

  const ProgramOnPebble& here_;
  FreePort https_;
  Child child_;
};

void expect_swaps_under_load(const std::string& name, const std::string& path) {
  const ProgramOnPebble here;
  Example example(here, name);
  ASSERT_TRUE(example.is_up()) << example.log();
  const HttpsRequest request = example.request(path);
  ASSERT_TRUE(eventually([&] { return https_get(request).verified; })) << example.log();
  Load load(request, 2);
  renew_under_load(here, request, load, 20);
  load.stop();
  EXPECT_EQ(load.failures(), "") << example.log();
  EXPECT_GT(load.connections(), 20);
  EXPECT_EQ(example.child().stop(), 0) << example.log();
}

TEST(ExamplesTest, TheFirstProgramWorksAndSwapsWithoutOneFailure) {
  expect_swaps_under_load("hello_https", "/hello");
}

TEST(ExamplesTest, AServerOfOnesOwnSwapsWithoutOneFailure) {
  expect_swaps_under_load("openssl_server", "/");
}

}  // namespace
}  // namespace autohttps
