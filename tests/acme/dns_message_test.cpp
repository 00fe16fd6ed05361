#include <autohttps/acme/challenges/dns_message.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/dns_packets.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

const std::string kSame = "\xc0\x0c";  // a pointer to the question's name (RFC 1035 4.1.4)

std::optional<DnsAnswer> parse(const std::string& packet, DnsType type = DnsType::txt) {
  return parse_dns_answer(packet, 0x1234, {"a.test", type, true});
}

TEST(DnsMessageTest, AsksAsRfc1035Says) {
  // 4.1.1 and 4.1.2: id, flags (RD), one question, none of the others; labels, type TXT, class IN.
  const std::string expected = std::string("\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12) +
                               std::string(
                                   "\x0f_acme-challenge\x01"
                                   "a\x04test\x00\x00\x10\x00\x01",
                                   28);
  EXPECT_EQ(dns_query(0xabcd, {"_acme-challenge.A.test.", DnsType::txt, true}), expected);
  EXPECT_EQ(dns_query(0xabcd, {"a.test", DnsType::ns, false})[2], '\0');
}

TEST(DnsMessageTest, RefusesWhatCannotBeAskedFor) {
  const std::string label(64, 'a');
  for (const std::string& name : {std::string(), label + ".test", std::string("a..test"),
                                  std::string(70, 'a') + "." + std::string(300, 'b')}) {
    EXPECT_EQ(thrown_error([&] { dns_query(1, {name}); }).value().code(), ErrorCode::config)
        << name;
  }
}

TEST(DnsMessageTest, ReadsEachKindOfRecord) {
  DnsPacket packet;
  packet.answers = {
      dns_record(kSame, 16, dns_string("one") + dns_string("two")),
      dns_record(kSame, 5, dns_labels("Other.Test")),
      dns_record(dns_labels("other.test"), 2, std::string("\x03ns1") + kSame),
      dns_record(kSame, 1, std::string("\xc0\x00\x02\x01", 4)),
      dns_record(kSame, 28, std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\x01'),
      dns_record(kSame, 99, "unknown types are passed over"),
      dns_record(kSame, 16, dns_string("of another class"), 3),
  };
  packet.authorities = {
      dns_record(dns_labels("test"), 6,
                 dns_labels("ns.test") + dns_labels("root.test") + std::string(20, '\0'))};
  const auto answer = parse(packet.text());
  ASSERT_TRUE(answer);
  const std::vector<DnsRecord> expected = {{"a.test", DnsType::txt, "onetwo"},
                                           {"a.test", DnsType::cname, "other.test"},
                                           {"other.test", DnsType::ns, "ns1.a.test"},
                                           {"a.test", DnsType::a, "192.0.2.1"},
                                           {"a.test", DnsType::aaaa, "2001:db8::1"}};
  EXPECT_EQ(answer->records, expected);
  ASSERT_EQ(answer->authorities.size(), 1U);
  EXPECT_EQ(answer->authorities.front(), (DnsRecord{"test", DnsType::soa, "ns.test"}));
  EXPECT_EQ(answer->values("A.TEST.", DnsType::txt), std::vector<std::string>{"onetwo"});
  EXPECT_EQ(answer->code, DnsCode::ok);
  EXPECT_FALSE(answer->authoritative);
  EXPECT_FALSE(answer->truncated);
}

TEST(DnsMessageTest, TellsTheFlags) {
  DnsPacket packet;
  packet.flags = 0x8403;  // answer, authoritative, NXDOMAIN
  auto answer = parse(packet.text());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->authoritative);
  EXPECT_EQ(answer->code, DnsCode::no_such_name);
  packet.flags = 0x8200;  // truncated: what is there counts for nothing
  packet.answers = {dns_record(kSame, 16, dns_string("half"))};
  answer = parse(packet.text());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->truncated);
  EXPECT_TRUE(answer->records.empty());
}

// Whoever can send packets to our port must guess id and question (RFC 5452), and can do no harm.
TEST(DnsMessageTest, TakesNothingElseForAnAnswer) {
  const auto changed = [](auto change) {
    DnsPacket packet;
    packet.answers = {dns_record(kSame, 16, dns_string("forged"))};
    change(packet);
    return packet.text();
  };
  DnsPacket right;
  right.answers = {dns_record(kSame, 16, dns_string("forged"))};
  ASSERT_TRUE(parse(right.text()));
  const std::pair<const char*, std::string> table[] = {
      {"another id", changed([](DnsPacket& p) { p.id = 0x1235; })},
      {"a query", changed([](DnsPacket& p) { p.flags = 0x0100; })},
      {"an update", changed([](DnsPacket& p) { p.flags = 0xa800; })},
      {"another name", changed([](DnsPacket& p) { p.question_name = dns_labels("b.test"); })},
      {"another type", changed([](DnsPacket& p) { p.question_type = 1; })},
      {"no question", changed([](DnsPacket& p) { p.questions = 0; })},
      {"nothing", ""},
      {"a head alone", std::string("\x12\x34\x81\x80", 4)},
      {"trailing bytes", right.text() + "x"},
      {"a count too high",
       [&] {
         std::string text = right.text();
         text[7] = 9;
         return text;
       }()},
      {"a string longer than its record",
       changed([](DnsPacket& p) { p.answers = {dns_record(kSame, 16, "\x09short")}; })},
      {"an address too short",
       changed([](DnsPacket& p) { p.answers = {dns_record(kSame, 1, "abc")}; })},
      {"a pointer to itself",
       changed([](DnsPacket& p) { p.answers = {dns_record("\xc0\x18", 5, "\xc0\x18")}; })},
      {"a pointer beyond the end",
       changed([](DnsPacket& p) { p.answers = {dns_record(kSame, 5, "\xff\xff")}; })},
      {"a name that does not end", changed([](DnsPacket& p) {
         p.answers = {dns_record(kSame, 5,
                                 "\x3f"
                                 "abc")};
       })},
      {"an empty target", changed([](DnsPacket& p) { p.answers = {dns_record(kSame, 5, "")}; })},
      {"more records than anybody sets", changed([](DnsPacket& p) {
         p.answers.assign(300, dns_record(kSame, 16, dns_string("x")));
       })},
  };
  for (const auto& [what, packet] : table) EXPECT_FALSE(parse(packet)) << what;
  for (std::size_t size = 0; size < right.text().size(); ++size) {
    EXPECT_FALSE(parse(right.text().substr(0, size))) << size;
  }
}

TEST(DnsMessageTest, WritesStrangeBytesOfNamesInEscapes) {
  DnsPacket packet;
  packet.answers = {dns_record(kSame, 5, std::string("\x03\x1b[m", 4) + '\0')};
  const auto answer = parse(packet.text());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->records.front().value, "\\027[m");
}

TEST(DnsMessageTest, KnowsWhatIsAbove) {
  EXPECT_EQ(dns_parent("a.b.test"), "b.test");
  EXPECT_EQ(dns_parent("test"), "");
  EXPECT_EQ(dns_name("A.Test."), "a.test");
}

}  // namespace
}  // namespace autohttps::acme
