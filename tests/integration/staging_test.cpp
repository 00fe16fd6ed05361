#include <autohttps/tests/integration/program_on_pebble.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

// Every file of the store and its bytes, but for the test store, locks and what is being written.
std::map<std::string, std::string> real_part(const ProgramOnPebble& here) {
  std::map<std::string, std::string> files;
  const fs::path store = here.store();
  if (!fs::exists(store)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(store)) {
    const std::string path = fs::relative(entry.path(), store).string();
    if (path.starts_with("staging") || path.starts_with("locks") || path.starts_with("tmp"))
      continue;
    if (entry.is_regular_file()) files[path] = contents(entry.path());
  }
  return files;
}

std::string note_hook(const ProgramOnPebble& here) {
  const fs::path script = here.folder.path() / "note";
  std::ofstream(script) << "#!/bin/sh\necho \"$AUTOHTTPS_HOOK dry=$AUTOHTTPS_DRY_RUN\" >>\""
                        << here.folder.path().string() << "/noted\"\n";
  fs::permissions(script, fs::perms::owner_all);
  return script.string();
}

TEST(DryRunTest, AFirstIssueIsRehearsedAndLeavesNothing) {
  const ProgramOnPebble here;
  const ChildResult result = here.obtain({"a.test", "--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.out.find("the dry run went well"), std::string::npos) << said(result);
  EXPECT_FALSE(fs::exists(here.current("a.test")));
  EXPECT_FALSE(fs::exists(fs::path(here.store()) / "staging/certificates/a.test"));
  const ChildResult later = here.renew();
  EXPECT_EQ(later.out + later.err, "") << "a rehearsal left something to renew";
}

TEST(DryRunTest, ARenewalThatIsNotDueIsRehearsedAndTheStoreStaysAsItIs) {
  const ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const auto before = real_part(here);
  const ChildResult result = here.renew({"--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.out.find("a.test: the dry run went well"), std::string::npos) << said(result);
  EXPECT_EQ(real_part(here), before);
}

TEST(DryRunTest, HooksAreToldThatNothingIsMeant) {
  const ProgramOnPebble here;
  const ChildResult result =
      here.obtain({"a.test", "--dry-run", "--pre", note_hook(here), "--deploy", note_hook(here)});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(contents(here.folder.path() / "noted"), "pre dry=1\ndeploy dry=1\n");
}

TEST(DryRunTest, ANameThatCannotBeValidatedFailsAsItWouldForReal) {
  const ProgramOnPebble here;
  here.pebble.add_a("a.test", "127.0.0.2");
  const ChildResult result = here.obtain({"a.test", "--dry-run", "--bind", "127.0.0.1"});
  EXPECT_EQ(result.exit_code, 3) << said(result);
  EXPECT_EQ(result.err.find("tried again"), std::string::npos) << "nothing is: " << said(result);
  EXPECT_FALSE(fs::exists(fs::path(here.store()) / "staging/certificates/a.test"));
}

TEST(DryRunTest, ARunningServerAnswersForIt) {
  const ProgramOnPebble here;
  const FreePort https;
  Child server(program(Words{"serve", "a.test", "--https-port", https.text()} + here.at_pebble()));
  ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
  const ChildResult result = here.obtain({"a.test", "--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.err.find("which answers for this store"), std::string::npos) << said(result);
}

TEST(PromoteTest, TheRealCertificateIsForTheNamesThatWereTriedOut) {
  const ProgramOnPebble test_ca;
  const ProgramOnPebble real_ca;
  // A test CA of one's own is told by --store: --staging is Let's Encrypt's.
  const std::string staging = real_ca.store() + "/staging";
  const ChildResult tried =
      test_ca.run(Words{"obtain", "a.test", "b.test", "--key-type", "ec384", "--store", staging,
                        "--server", test_ca.pebble.directory_url(), "--ca-bundle",
                        test_ca.pebble.ca_bundle().string(), "--agree-tos", "--limits", "none"} +
                  test_ca.http_port());
  ASSERT_EQ(tried.exit_code, 0) << said(tried);
  const std::string test_chain = contents(staging + "/certificates/a.test/current/fullchain.pem");
  const ChildResult result = real_ca.run(Words{"promote", "a.test"} + real_ca.at_pebble());
  ASSERT_EQ(result.exit_code, 0) << said(result);
  const auto key = real_ca.stored("a.test");
  EXPECT_TRUE(key->serves("a.test"));
  EXPECT_TRUE(key->serves("b.test"));
  EXPECT_EQ(key->key().type(), KeyType::ec384);
  EXPECT_EQ(contents(staging + "/certificates/a.test/current/fullchain.pem"), test_chain)
      << "what was tried out stays apart";
  const ChildResult again = real_ca.run(Words{"promote", "a.test"} + real_ca.at_pebble());
  EXPECT_EQ(again.exit_code, 0) << said(again);
  EXPECT_EQ(real_ca.stored("a.test")->serial(), key->serial()) << "once is enough";
}

TEST(PromoteTest, SaysWhatIsMissing) {
  const ProgramOnPebble here;
  const ChildResult none = here.run(Words{"promote", "a.test"} + here.at_pebble());
  EXPECT_EQ(none.exit_code, 2) << said(none);
  EXPECT_NE(none.err.find("--staging"), std::string::npos) << said(none);
  const ChildResult both =
      here.run(Words{"promote", "a.test", "--staging", "--store", here.store()});
  EXPECT_EQ(both.exit_code, 2) << said(both);
}

}  // namespace
}  // namespace autohttps
