// The account's key is changed (RFC 8555 7.3.5), whatever dies meanwhile: RELIABILITY I1.
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace autohttps::acme {
namespace {

// An account.json that a power cut took costs a newAccount that finds the account (7.3.1).
class NoBudget final : public Budget {
 public:
  void spend(Spend, const std::vector<Identifier>&, std::stop_token) override {}
};

// A machine with a registered account; each process() is a program run on it.
class KeyChangeTest : public testing::Test {
 protected:
  struct Process {
    explicit Process(IssuingWorld& world)
        : store(world.disk, world.clock),
          accounts(store, world.ca.directory_url(), "default"),
          ca{std::make_shared<ClientSession>(world.ca.directory_url()), world.ca, world.clock} {}
    MemoryStore store;
    AccountStore accounts;
    CaConnection ca;
  };

  KeyChangeTest() { url_ = sign_in(); }

  // What an attempt does, up to a request that only the right key can sign.
  std::string sign_in() {
    Process process(world_);
    Client client = process.ca.client(
        std::make_shared<const AccountKey>(account_key_for(process.accounts, process.ca, {})));
    const std::string url =
        acme::sign_in(client, process.accounts, world_.ca_spec(), budget_, world_.clock, {});
    EXPECT_EQ(client.account({}).status, "valid");
    return url;
  }
  PrivateKey key() { return Process(world_).accounts.load()->key; }
  void expect_settled() {
    EXPECT_EQ(sign_in(), url_);
    EXPECT_FALSE(Process(world_).accounts.next_key());
    EXPECT_EQ(world_.ca.accounts(), 1u);
    const int requests = world_.ca.count();
    sign_in();
    EXPECT_LE(world_.ca.count() - requests, 3) << "it is settled once";
  }
  // One program run that ends at this change of the store, or at a request. False: it did not.
  bool run_until(int death, MemoryStore::When when, const std::function<void(Process&)>& run) {
    Process process(world_);
    process.store.die_at(death, when);
    try {
      run(process);
    } catch (const Killed&) {
      return true;
    } catch (const Error&) {
      return process.store.dead();
    }
    return process.store.dead();
  }
  static void change(Process& process) {
    roll_over(process.accounts, process.ca, KeyType::ec256, {});
  }

  IssuingWorld world_;
  NoBudget budget_;
  std::string url_;
};

TEST_F(KeyChangeTest, TheAccountGoesOnWithANewKey) {
  const PrivateKey before = key();
  Process process(world_);
  roll_over(process.accounts, process.ca, KeyType::ec384, {});
  EXPECT_FALSE(key() == before);
  EXPECT_EQ(key().type(), KeyType::ec384);
  expect_settled();
}

TEST_F(KeyChangeTest, TheNewKeyIsDurableBeforeTheCaHearsOfIt) {
  world_.ca.rule(Operation::key_change, 1, Action::before([&] {
                   world_.disk->restart(MemoryDisk::Loses::unsynced);
                   EXPECT_TRUE(Process(world_).accounts.next_key());
                   throw Killed{0};
                 }));
  Process process(world_);
  EXPECT_THROW(change(process), Killed);
  expect_settled();
}

TEST_F(KeyChangeTest, ADeathAtAnyChangeOfTheStoreIsSettled) {
  for (const auto when : {MemoryStore::When::before, MemoryStore::When::after}) {
    for (const auto loses :
         {MemoryDisk::Loses::nothing, MemoryDisk::Loses::unsynced, MemoryDisk::Loses::contents}) {
      int death = 1;
      for (; run_until(death, when, change); ++death) {
        world_.disk->restart(loses);
        expect_settled();
      }
      EXPECT_GT(death, 3);  // next key put, key put, next key removed
      expect_settled();
    }
  }
}

TEST_F(KeyChangeTest, ADeathWhileItIsSettledIsSettledToo) {
  for (const bool changed : {false, true}) {
    for (int death = 1;; ++death) {
      // The change is cut off with the CA on one side or on the other.
      const int nth = world_.ca.count(Operation::key_change) + 1;
      world_.ca.rule(Operation::key_change, nth,
                     changed ? Action::lose_reply() : Action::not_reached());
      Process first(world_);
      EXPECT_TRUE(thrown_error([&] { change(first); }));
      EXPECT_TRUE(Process(world_).accounts.next_key());
      const bool died = run_until(death, MemoryStore::When::after, [](Process& process) {
        account_key_for(process.accounts, process.ca, {});
      });
      world_.disk->restart(MemoryDisk::Loses::unsynced);
      expect_settled();
      if (!died) break;
    }
  }
}

TEST_F(KeyChangeTest, ADeathAtAnyRequestIsSettled) {
  for (const bool after : {false, true}) {
    const Action die = after ? Action::change([](HttpResponse&) { throw Killed{0}; })
                             : Action::before([] { throw Killed{0}; });
    for (const Operation operation :
         {Operation::directory, Operation::new_nonce, Operation::key_change}) {
      world_.ca.clear_rules();
      world_.ca.rule(operation, world_.ca.count(operation) + 1, die);
      Process process(world_);
      EXPECT_THROW(change(process), Killed);
      world_.disk->restart(MemoryDisk::Loses::unsynced);
      // And again while it is settled.
      world_.ca.clear_rules();
      world_.ca.rule(Operation::new_account, world_.ca.count(Operation::new_account) + 1, die);
      Process second(world_);
      try {
        account_key_for(second.accounts, second.ca, {});
      } catch (const Killed&) {
      }
      world_.disk->restart(MemoryDisk::Loses::unsynced);
      world_.ca.clear_rules();
      expect_settled();
    }
  }
}

TEST_F(KeyChangeTest, ARefusalKeepsTheOldKeyAndLeavesNothingBehind) {
  const PrivateKey before = key();
  world_.ca.rule(Operation::key_change, 1, Action::problem("badPublicKey", 400));
  Process process(world_);
  const auto error = thrown_error([&] { change(process); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::refused);
  EXPECT_FALSE(process.accounts.next_key());
  EXPECT_EQ(key(), before);
  expect_settled();
}

TEST_F(KeyChangeTest, TroubleOfTheCasIsFoundOutAboutAtTheNextSignIn) {
  for (const int status : {500, 503, 429}) {
    world_.ca.clear_rules();
    world_.ca.rule(Operation::key_change, 0, Action::problem("serverInternal", status));
    Process process(world_);
    EXPECT_TRUE(thrown_error([&] { change(process); }));
    EXPECT_TRUE(process.accounts.next_key()) << status;
    expect_settled();
  }
}

// RELIABILITY F8.
TEST_F(KeyChangeTest, ACaThatFallsOverAKeyItDoesNotKnowIsAskedForTheOther) {
  world_.ca.rule(Operation::key_change, 1, Action::not_reached());
  Process process(world_);
  EXPECT_TRUE(thrown_error([&] { change(process); }));
  world_.ca.rule(Operation::new_account, world_.ca.count(Operation::new_account) + 1,
                 Action::problem("serverInternal", 500));
  expect_settled();
}

TEST_F(KeyChangeTest, WhileTheCaIsNotReachedNothingIsDecided) {
  world_.ca.rule(Operation::key_change, 1, Action::lose_reply());
  Process process(world_);
  EXPECT_TRUE(thrown_error([&] { change(process); }));
  world_.ca.rule(Operation::new_account, 0, Action::not_reached());
  EXPECT_TRUE(thrown_error([&] { account_key_for(process.accounts, process.ca, {}); }));
  EXPECT_TRUE(process.accounts.next_key());
  world_.ca.clear_rules();
  expect_settled();
}

TEST_F(KeyChangeTest, ANextKeyThatCannotBeReadIsMovedAside) {
  Process process(world_);
  world_.disk->write(process.accounts.folder() + "/next_key.pem", "damaged");
  expect_settled();
}

}  // namespace
}  // namespace autohttps::acme
