#include <autohttps/tests/integration/other_server.h>
#include <autohttps/tests/integration/program_on_pebble.h>

#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <tuple>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

std::set<std::string> names_of(const CertifiedKey& key) {
  std::set<std::string> names;
  for (const Identifier& name : key.names()) names.insert(name.value);
  return names;
}

TEST(ObtainTest, GetsACertificateAndTheSecondRunDoesNothing) {
  const ProgramOnPebble here;
  const ChildResult first = here.obtain({"a.test", "b.test"});
  ASSERT_EQ(first.exit_code, 0) << said(first);
  EXPECT_NE(first.out.find("a.test: issued"), std::string::npos) << said(first);
  const auto stored = here.stored("a.test");
  EXPECT_EQ(names_of(*stored), (std::set<std::string>{"a.test", "b.test"}));
  EXPECT_GE(stored->chain_length(), 2u);

  const ChildResult second = here.obtain({"a.test", "b.test"});
  EXPECT_EQ(second.exit_code, 0) << said(second);
  EXPECT_NE(second.out.find("nothing to do: valid until"), std::string::npos) << said(second);
  EXPECT_EQ(here.stored("a.test")->serial(), stored->serial());
}

TEST(ObtainTest, ForceIssuesAgain) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string serial = here.stored("a.test")->serial();
  const ChildResult forced = here.obtain({"a.test", "--force", "--detailed-exitcode"});
  EXPECT_EQ(forced.exit_code, 10) << said(forced);
  EXPECT_NE(here.stored("a.test")->serial(), serial);
  EXPECT_EQ(here.obtain({"a.test", "--detailed-exitcode"}).exit_code, 0);
}

TEST(ObtainTest, JsonIsOneObject) {
  const ProgramOnPebble here;
  const Json first = json_of(here.obtain({"a.test", "--json"}));
  EXPECT_EQ(first["schema"], 1);
  EXPECT_EQ(first["command"], "obtain");
  EXPECT_EQ(first["action"], "issued");
  ASSERT_EQ(first["certificates"].size(), 1u);
  EXPECT_EQ(first["certificates"][0]["name"], "a.test");
  EXPECT_TRUE(fs::exists(first["certificates"][0]["fullchain"].get<std::string>()));
  EXPECT_TRUE(fs::exists(first["certificates"][0]["privkey"].get<std::string>()));
  EXPECT_EQ(json_of(here.obtain({"a.test", "--json"}))["action"], "none");
  EXPECT_EQ(json_of(here.obtain({"a.test", "--json", "--force"}))["action"], "renewed");
}

TEST(ObtainTest, NothingInTheStoreIsForOthersWhateverTheUmask) {
  const ProgramOnPebble here;
  const mode_t before = ::umask(0);
  const ChildResult result = here.obtain({"a.test"});
  ::umask(before);
  ASSERT_EQ(result.exit_code, 0) << said(result);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(here.store())) {
    if (entry.is_symlink()) continue;
    struct stat info {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, entry.is_directory() ? 0700u : 0600u) << entry.path();
  }
}

TEST(ObtainTest, AnswersByFilesInTheWebrootOfAnotherServer) {
  const ProgramOnPebble here;
  const std::string root = (here.folder / "root").string();
  fs::create_directory(root);
  const OtherServer other(root, here.pebble.http_port());
  const ChildResult result = here.obtain({"a.test", "b.test", "--webroot", root});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_TRUE(fs::is_empty(root + "/.well-known/acme-challenge"));
  const ChildResult renewed = here.renew({"--force"});
  EXPECT_EQ(renewed.exit_code, 0) << said(renewed);
}

TEST(ObtainTest, AWiderSetOfNamesExtendsTheCertificate) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const ChildResult wider = here.obtain({"a.test", "b.test"});
  ASSERT_EQ(wider.exit_code, 0) << said(wider);
  EXPECT_EQ(names_of(*here.stored("a.test")), (std::set<std::string>{"a.test", "b.test"}));
}

TEST(ObtainTest, KeyTypesAreWhatWasAskedFor) {
  const ProgramOnPebble here;
  for (const char* type : {"ec256", "ec384", "rsa2048"}) {
    const std::string name = std::string(type) + ".test";
    const ChildResult result = here.obtain({name, "--key-type", type});
    ASSERT_EQ(result.exit_code, 0) << said(result);
    EXPECT_EQ(key_type_name(here.stored(name)->key().type()), type);
  }
}

TEST(ObtainTest, NameSaysWhatTheCertificateIsCalled) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test", "--name", "web"}).exit_code, 0);
  EXPECT_EQ(names_of(*here.stored("web")), std::set<std::string>{"a.test"});
  const ChildResult again = here.obtain({"a.test"});
  EXPECT_NE(again.out.find("web: nothing to do"), std::string::npos) << said(again);
}

TEST(ObtainTest, RelativePathsMeanTheSameFromElsewhere) {
  const ProgramOnPebble here;
  ChildOptions child =
      program(Words{"obtain", "a.test", "--store", "store", "--ca-bundle",
                    fs::relative(here.pebble.ca_bundle(), here.folder.path()).string(), "--server",
                    here.pebble.directory_url(), "--agree-tos", "--limits", "none"} +
              here.http_port());
  child.folder = here.folder.path();
  const ChildResult result = run_child(child);
  ASSERT_EQ(result.exit_code, 0) << said(result);
  const ChildResult renewed = here.renew({"--force"});
  EXPECT_EQ(renewed.exit_code, 0) << said(renewed);
}

struct Weather {
  const char* name;
  PebbleOptions options;
};

class ObtainUnderTest : public testing::TestWithParam<std::tuple<WhichPebble, Weather>> {};

TEST_P(ObtainUnderTest, SucceedsAndTheSecondRunDoesNothing) {
  PebbleOptions options = std::get<1>(GetParam()).options;
  AUTOHTTPS_NEEDS_WHICH_PEBBLE(std::get<0>(GetParam()));
  options.version = pebble_of(std::get<0>(GetParam()));
  const ProgramOnPebble here(options);
  const ChildResult first = here.obtain({"a.test", "b.test"});
  ASSERT_EQ(first.exit_code, 0) << said(first);
  EXPECT_GE(here.stored("a.test")->chain_length(), 2u);
  EXPECT_EQ(json_of(here.obtain({"a.test", "b.test", "--json"}))["action"], "none");
  const ChildResult forced = here.obtain({"a.test", "b.test", "--force"});
  EXPECT_EQ(forced.exit_code, 0) << said(forced);
}

INSTANTIATE_TEST_SUITE_P(
    Pebble, ObtainUnderTest,
    testing::Combine(
        testing::Values(WhichPebble::installed, WhichPebble::newer),
        testing::Values(
            Weather{"F1_NoncesRefused", {.environment = {{"PEBBLE_WFE_NONCEREJECT", "50"}}}},
            Weather{"F4_AuthorizationsNeverReused", {.environment = {{"PEBBLE_AUTHZREUSE", "0"}}}},
            Weather{"F4_AuthorizationsAlwaysReused",
                    {.environment = {{"PEBBLE_AUTHZREUSE", "100"}}}},
            Weather{"F3_SlowValidation",
                    {.environment = {{"PEBBLE_VA_NOSLEEP", "0"}, {"PEBBLE_VA_SLEEPTIME", "5"}}}},
            Weather{"F6_LongChain", {.environment = {{"PEBBLE_CHAIN_LENGTH", "3"}}}},
            Weather{"F6_AlternateRoots", {.environment = {{"PEBBLE_ALTERNATE_ROOTS", "2"}}}},
            Weather{"F5_Strict", {.strict = true}})),
    [](const auto& param) {
      return std::string(std::get<1>(param.param).name) + name_of(std::get<0>(param.param));
    });

}  // namespace
}  // namespace autohttps
