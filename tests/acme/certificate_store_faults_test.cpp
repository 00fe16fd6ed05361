// RELIABILITY F28 to F30 and F33: certificates/ after a death, a power cut, a full disk, and damage
// anywhere.
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/certificate_store_fixture.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

using Loses = MemoryDisk::Loses;
using When = MemoryStore::When;

constexpr int kMoreChangesThanAny = 100;

class F28_Killed : public CertificateStoreFixture {
 protected:
  // Runs `work` on a fresh store that `prepare` filled, dead at the k-th change, for every k and
  // both sides of it, then with each kind of loss; `check` sees what the next process sees.
  using Work = std::function<void(CertificateStore&)>;
  void at_every_change(const Work& prepare, const Work& work, const Work& check) {
    for (const Loses loses : {Loses::nothing, Loses::unsynced, Loses::contents}) {
      for (const When when : {When::before, When::after}) {
        int change = 1;
        while (dies_at(change, when, loses, prepare, work, check)) ++change;
        EXPECT_GT(change, 1) << "it changes nothing?";
        ASSERT_LT(change, kMoreChangesThanAny);
      }
    }
  }

 private:
  bool dies_at(int change, When when, Loses loses, const Work& prepare, const Work& work,
               const Work& check) {
    SCOPED_TRACE("killed " + std::string(when == When::before ? "before" : "after") + " change " +
                 std::to_string(change) + ", loss " + std::to_string(static_cast<int>(loses)));
    const auto disk = std::make_shared<MemoryDisk>();
    MemoryStore first(disk, clock_);
    CertificateStore before(first);
    prepare(before);
    MemoryStore dying(disk, clock_);
    dying.die_at(change, when);
    bool died = false;
    try {
      CertificateStore certificates(dying);
      work(certificates);
    } catch (const Killed&) {
      died = true;
    }
    disk->restart(loses);
    MemoryStore next(disk, clock_);
    CertificateStore after(next);
    check(after);
    return died;
  }
};

TEST_F(F28_Killed, AddingShowsTheOldOrTheNewGenerationWhole) {
  const Bundle old = bundle({"a.test"}), young = bundle({"a.test"}), next = bundle({"a.test"});
  const auto adds = [&](const Bundle& bundle) {
    return [&](CertificateStore& certificates) {
      const auto lock = certificates.lock("a.test", clock_.steady(), {});
      certificates.add(*lock, "a.test", bundle, "due", clock_.wall());
    };
  };
  at_every_change(adds(old), adds(young), [&](CertificateStore& certificates) {
    std::string trouble;
    const auto current = certificates.current("a.test", &trouble);
    ASSERT_TRUE(current);
    EXPECT_EQ(trouble, "");
    const PrivateKey key = current->key->key();
    EXPECT_TRUE(key == PrivateKey::from_pem(old.key_pem) ||
                key == PrivateKey::from_pem(young.key_pem));
    // And it goes on.
    adds(next)(certificates);
    EXPECT_EQ(certificates.current("a.test")->key->key(), PrivateKey::from_pem(next.key_pem));
  });
}

TEST_F(F28_Killed, TheFirstGenerationIsThereWholeOrNotAtAll) {
  const Bundle first = bundle({"a.test"});
  const auto add_first = [&](CertificateStore& certificates) {
    const auto lock = certificates.lock("a.test", clock_.steady(), {});
    certificates.add(*lock, "a.test", first, "first issue", clock_.wall());
  };
  at_every_change([](CertificateStore&) {}, add_first,
                  [&](CertificateStore& certificates) {
                    std::string trouble;
                    const auto current = certificates.current("a.test", &trouble);
                    if (current) {
                      EXPECT_EQ(current->key->key(), PrivateKey::from_pem(first.key_pem));
                      // Whole but never pointed at: what the lock's holder repairs.
                      if (!trouble.empty()) {
                        const auto lock = certificates.lock("a.test", clock_.steady(), {});
                        certificates.flip(*lock, "a.test", current->number);
                      }
                      EXPECT_TRUE(certificates.current("a.test", &trouble));
                      EXPECT_EQ(trouble, "");
                    }
                    add_first(certificates);
                    EXPECT_TRUE(certificates.current("a.test", &trouble));
                    EXPECT_EQ(trouble, "");
                  });
}

TEST_F(F28_Killed, AnOrderUnderWayIsThereWholeOrNotAtAll) {
  const Pending old = pending_order(), young = pending_order();
  at_every_change(
      [&](CertificateStore& certificates) { certificates.put_pending("a.test", old); },
      [&](CertificateStore& certificates) { certificates.put_pending("a.test", young); },
      [&](CertificateStore& certificates) {
        const auto pending = certificates.pending("a.test");
        if (pending) {
          EXPECT_TRUE(pending->key_pem == old.key_pem || pending->key_pem == young.key_pem);
        }
        certificates.put_pending("a.test", young);
        EXPECT_EQ(certificates.pending("a.test")->key_pem, young.key_pem);
      });
}

TEST_F(F28_Killed, AWishAndAStateAreTheOldOrTheNew) {
  at_every_change(
      [&](CertificateStore& certificates) {
        certificates.put_spec(spec_for("site", {"a.test"}));
        certificates.put_state("site", {});
      },
      [&](CertificateStore& certificates) {
        certificates.put_spec(spec_for("site", {"a.test", "b.test"}));
        CertificateState state;
        state.failures = 1;
        certificates.put_state("site", state);
      },
      [&](CertificateStore& certificates) {
        EXPECT_TRUE(certificates.spec("site"));
        EXPECT_LE(certificates.state("site").failures, 1);
        EXPECT_EQ(certificates.id_for_name("a.test"), "site");
      });
}

TEST_F(F28_Killed, ARemovalLeavesAWholeCertificateOrNone) {
  const Bundle only = bundle({"a.test"});
  const auto remove = [&](CertificateStore& certificates) {
    const auto lock = certificates.lock("site", clock_.steady(), {});
    certificates.remove(*lock, "site");
  };
  at_every_change(
      [&](CertificateStore& certificates) {
        certificates.put_spec(spec_for("site", {"a.test"}));
        const auto lock = certificates.lock("site", clock_.steady(), {});
        certificates.add(*lock, "site", only, "first issue", clock_.wall());
      },
      remove,
      [&](CertificateStore& certificates) {
        EXPECT_EQ(certificates.current("site").has_value(), !certificates.ids().empty());
        remove(certificates);
        EXPECT_FALSE(certificates.current("site"));
        EXPECT_FALSE(certificates.id_for_name("a.test"));
      });
}

class F30_DiskFullInMemory : public CertificateStoreFixture {};

TEST_F(F30_DiskFullInMemory, AFailedAddKeepsTheOldGenerationAndNoHalfOne) {
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  for (int change = 1; change <= 6; ++change) {  // five files and the flip
    const int now = store_.changes();
    store_.fail_at(now + change);
    EXPECT_THROW(add(*lock, "a.test"), Error) << change;
    EXPECT_EQ(certificates_.current("a.test")->number, 1U);
    EXPECT_EQ(certificates_.generations("a.test"), std::vector<std::uint64_t>{1}) << change;
  }
}

TEST_F(F30_DiskFullInMemory, AfterTheFlipNothingFailsTheCaller) {
  put_spec("a.test", {"a.test"});
  const auto lock = lock_of("a.test");
  for (int i = 0; i < 5; ++i) add(*lock, "a.test");
  store_.fail_from_to(store_.changes() + 7, 1000);
  EXPECT_EQ(add(*lock, "a.test"), 6U);
  EXPECT_EQ(certificates_.current("a.test")->number, 6U);
  store_.fail_from_to(0, 0);
  add(*lock, "a.test");
  EXPECT_LE(certificates_.generations("a.test").size(), 5U);
}

TEST_F(F30_DiskFullInMemory, ADiskThatIsFullForDaysLosesNothing) {
  put_spec("a.test", {"a.test"});
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  const std::vector<std::string> before = store_.disk()->keys();
  store_.fail_from_to(1, 100'000);
  for (int day = 0; day < 30; ++day) {
    EXPECT_THROW(certificates_.put_pending("a.test", pending_order()), Error);
    EXPECT_THROW(add(*lock, "a.test"), Error);
    EXPECT_THROW(certificates_.put_state("a.test", {}), Error);
  }
  EXPECT_EQ(store_.disk()->keys(), before);
  EXPECT_TRUE(certificates_.current("a.test"));
}

class F33_Damage : public CertificateStoreFixture {
 protected:
  F33_Damage() {
    put_spec("a.test", {"a.test"});
    const auto lock = lock_of("a.test");
    add(*lock, "a.test");
    add(*lock, "a.test");
    certificates_.put_state("a.test", {});
    certificates_.put_pending("a.test", pending_order());
  }

  // Every way a file is damaged: empty, cut, a bit flipped.
  static std::vector<std::string> damaged(const std::string& text) {
    std::vector<std::string> ways = {"", std::string(text.size(), '\0')};
    for (std::size_t tenth = 1; tenth < 10; ++tenth) {
      ways.push_back(text.substr(0, text.size() * tenth / 10));
    }
    for (std::size_t at = 0; at < text.size(); at += 1 + text.size() / 25) {
      ways.push_back(text);
      ways.back()[at] = static_cast<char>(ways.back()[at] ^ (1 << (at % 8)));
    }
    return ways;
  }
};

TEST_F(F33_Damage, OfAnyFileNeverCostsTheCertificate) {
  for (const std::string& key : store_.disk()->keys()) {
    const auto text = store_.get(key);
    if (!text) continue;  // the pointer
    for (const std::string& way : damaged(*text)) {
      SCOPED_TRACE(key + ": " + std::to_string(way.size()) + " bytes");
      store_.disk()->write(key, way);
      const auto current = certificates_.current("a.test");
      ASSERT_TRUE(current);
      EXPECT_TRUE(current->key->serves("a.test"));
      EXPECT_EQ(certificates_.ids().size(), 1U);
      certificates_.state("a.test");
      certificates_.pending("a.test");
      certificates_.id_for_name("a.test");
      try {
        certificates_.spec("a.test");
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::storage);
        EXPECT_NE(std::string(error.what()).find("spec.json"), std::string::npos);
        EXPECT_NE(error.hint(), "");
      }
    }
    store_.disk()->write(key, *text);
  }
}

TEST_F(F33_Damage, CurrentFallsBackToTheNewestWholeGeneration) {
  store_.disk()->write("certificates/a.test/generations/2/privkey.pem", "");
  std::string trouble;
  const auto current = certificates_.current("a.test", &trouble);
  ASSERT_TRUE(current);
  EXPECT_EQ(current->number, 1U);
  EXPECT_NE(trouble.find("generation 2 is broken"), std::string::npos) << trouble;
  EXPECT_NE(trouble.find("using generation 1"), std::string::npos) << trouble;
}

TEST_F(F33_Damage, WithNothingWholeThereIsNoneAndAReason) {
  for (const char* number : {"1", "2"}) {
    store_.disk()->write(
        std::string("certificates/a.test/generations/") + number + "/fullchain.pem", "garbage");
  }
  std::string trouble;
  EXPECT_FALSE(certificates_.current("a.test", &trouble));
  EXPECT_NE(trouble.find("no other generation is whole"), std::string::npos) << trouble;
}

TEST_F(F33_Damage, ALostPointerIsToldAndTheNewestUsed) {
  store_.disk()->erase("certificates/a.test/current");
  std::string trouble;
  const auto current = certificates_.current("a.test", &trouble);
  ASSERT_TRUE(current);
  EXPECT_EQ(current->number, 2U);
  EXPECT_NE(trouble.find("leads nowhere"), std::string::npos) << trouble;
}

TEST_F(F33_Damage, APairWithoutItsMetaIsServedAndKnowsNoCa) {
  store_.disk()->write("certificates/a.test/generations/2/meta.json", "{");
  std::string trouble;
  const auto current = certificates_.current("a.test", &trouble);
  ASSERT_TRUE(current);
  EXPECT_EQ(current->number, 2U);
  EXPECT_EQ(current->meta.ca, "");
  EXPECT_EQ(current->meta.names, parse_identifiers({"a.test"}));
  EXPECT_NE(trouble.find("meta.json"), std::string::npos) << trouble;
}

TEST_F(F33_Damage, APairOfTwoGenerationsIsNotWhole) {
  store_.disk()->write("certificates/a.test/generations/2/privkey.pem",
                       *store_.get("certificates/a.test/generations/1/privkey.pem"));
  EXPECT_EQ(certificates_.current("a.test")->number, 1U);
  EXPECT_FALSE(certificates_.generation("a.test", 2));
}

TEST_F(F33_Damage, ADamagedStateIsMovedAsideAndBeginsAnew) {
  store_.disk()->write("certificates/a.test/state.json", "{\"failures\": ");
  EXPECT_EQ(certificates_.state("a.test").failures, 0);
  EXPECT_FALSE(store_.get("certificates/a.test/state.json"));
  EXPECT_EQ(store_.list("quarantine").size(), 1U);
}

TEST_F(F33_Damage, HalfAnOrderIsMovedAside) {
  for (const char* missing : {"order.json", "privkey.pem"}) {
    certificates_.put_pending("a.test", pending_order());
    store_.disk()->erase(std::string("certificates/a.test/pending/") + missing);
    EXPECT_FALSE(certificates_.pending("a.test")) << missing;
    EXPECT_TRUE(store_.list("certificates/a.test/pending").empty()) << missing;
  }
}

TEST_F(F33_Damage, AnOrderWithTheKeyOfAnotherIsMovedAside) {
  store_.disk()->write("certificates/a.test/pending/privkey.pem", pending_order().key_pem);
  EXPECT_FALSE(certificates_.pending("a.test"));
  EXPECT_EQ(store_.list("quarantine").size(), 1U);
}

}  // namespace
}  // namespace autohttps::acme
