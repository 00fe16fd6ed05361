#include <autohttps/acme/challenges/dns_client.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/dns_packets.h>
#include <autohttps/tests/support/loopback_dns.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

using std::chrono::milliseconds;

const DnsQuestion kQuestion{"a.test", DnsType::txt, true};

std::string reply_to(const std::string& query, const std::string& text, unsigned flags = 0x8180) {
  DnsPacket packet;
  packet.id = static_cast<unsigned char>(query[0]) << 8U | static_cast<unsigned char>(query[1]);
  packet.flags = flags;
  packet.answers = {dns_record("\xc0\x0c", 16, dns_string(text))};
  return packet.text();
}

class DnsClientTest : public testing::Test {
 protected:
  DnsReply ask(const LoopbackDns& server, const std::string& address = "127.0.0.1") {
    return client_.ask({address, server.port()}, kQuestion, stop_.get_token());
  }

  SystemClock clock_;
  SystemRandom random_;
  std::stop_source stop_;
  SocketDnsClient client_{clock_, random_, {milliseconds(150), milliseconds(3000)}};
};

TEST_F(DnsClientTest, AsksByUdpOverIpv4AndIpv6) {
  for (const auto& [family, address] : {std::pair{AF_INET, "127.0.0.1"}, {AF_INET6, "::1"}}) {
    LoopbackDns server([](const std::string& query, bool) { return reply_to(query, "seen"); },
                       family);
    const DnsReply reply = ask(server, address);
    ASSERT_TRUE(reply.answer) << address << ": " << reply.why;
    EXPECT_EQ(reply.answer->values("a.test", DnsType::txt), std::vector<std::string>{"seen"});
    EXPECT_EQ(server.asked_by_tcp(), 0);
  }
}

TEST_F(DnsClientTest, AsksAgainByTcpWhenTheAnswerWasCut) {
  LoopbackDns server([](const std::string& query, bool tcp) {
    return tcp ? reply_to(query, "whole") : reply_to(query, "", 0x8380);
  });
  const DnsReply reply = ask(server);
  ASSERT_TRUE(reply.answer) << reply.why;
  EXPECT_EQ(reply.answer->values("a.test", DnsType::txt), std::vector<std::string>{"whole"});
  EXPECT_EQ(server.asked_by_udp(), 1);
}

TEST_F(DnsClientTest, AsksAgainWhenAPacketWasLost) {
  int asked = 0;
  LoopbackDns server([&](const std::string& query, bool) -> std::optional<std::string> {
    if (++asked == 1) return std::nullopt;
    return reply_to(query, "seen");
  });
  EXPECT_TRUE(ask(server).answer);
  EXPECT_EQ(server.asked_by_udp(), 2);
}

TEST_F(DnsClientTest, WaitsOnWhenAPacketIsNoAnswer) {
  LoopbackDns server([](const std::string& query, bool tcp) {
    // One that guessed the wrong id; the right one comes by TCP only, and is not asked for.
    std::string forged = reply_to(query, "forged");
    if (!tcp) forged[0] = static_cast<char>(forged[0] ^ 1);
    return forged;
  });
  const DnsReply reply = ask(server);
  EXPECT_FALSE(reply.answer);
  EXPECT_EQ(reply.why, "no answer within 1 s");
  EXPECT_EQ(server.asked_by_udp(), 2);
}

TEST_F(DnsClientTest, SaysWhyNothingCame) {
  std::uint16_t closed = 0;
  {
    LoopbackDns server([](const std::string&, bool) { return std::nullopt; });
    EXPECT_EQ(ask(server).why, "no answer within 1 s");
    closed = server.port();
  }
  EXPECT_EQ(client_.ask({"127.0.0.1", closed}, kQuestion, {}).why, "connection refused");
  LoopbackDns half([](const std::string& query, bool tcp) -> std::optional<std::string> {
    if (tcp) return std::nullopt;
    return reply_to(query, "", 0x8380);
  });
  EXPECT_EQ(ask(half).why, "connection reset by peer (TCP)");
}

TEST_F(DnsClientTest, EndsSoonWhenItIsStopped) {
  SocketDnsClient patient(clock_, random_, {std::chrono::hours(1), std::chrono::hours(1)});
  LoopbackDns server([this](const std::string&, bool) {
    stop_.request_stop();
    return std::nullopt;
  });
  EXPECT_FALSE(patient.ask({"127.0.0.1", server.port()}, kQuestion, stop_.get_token()).answer);
}

TEST(DnsServerTest, ReadsAddressesWithAndWithoutAPort) {
  EXPECT_EQ(DnsServer::parse("192.0.2.1"), (DnsServer{"192.0.2.1", 53}));
  EXPECT_EQ(DnsServer::parse("192.0.2.1:5353"), (DnsServer{"192.0.2.1", 5353}));
  EXPECT_EQ(DnsServer::parse("2001:db8::1"), (DnsServer{"2001:db8::1", 53}));
  EXPECT_EQ(DnsServer::parse("[2001:db8::1]:5353"), (DnsServer{"2001:db8::1", 5353}));
  EXPECT_EQ(DnsServer::parse("[::1]"), (DnsServer{"::1", 53}));
  EXPECT_EQ(DnsServer::parse("[::1]:5353").text(), "[::1]:5353");
  EXPECT_EQ(DnsServer::parse("192.0.2.1:53").text(), "192.0.2.1");
  for (const char* wrong : {"", "dns.example", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:70000",
                            "[::1", "[::1]x", "1.2.3.4.5", "::1:x:y", "192.0.2.1:5x"}) {
    EXPECT_EQ(thrown_error([&] { DnsServer::parse(wrong); }).value().code(), ErrorCode::config)
        << wrong;
  }
}

TEST(SystemResolversTest, AreTheNameserverLines) {
  const TemporaryFolder folder;
  folder.write("resolv.conf",
               "# comment\nsearch example.com\nnameserver 192.0.2.53\nnameserver\t2001:db8::53 \n"
               "nameserver nonsense\nnameserverx 192.0.2.1\noptions edns0\n"
               "nameserver 192.0.2.54\nnameserver 192.0.2.55\n");
  const std::vector<DnsServer> expected = {{"192.0.2.53"}, {"2001:db8::53"}, {"192.0.2.54"}};
  EXPECT_EQ(system_resolvers(folder / "resolv.conf"), expected);
  folder.write("none", "search example.com\n");
  EXPECT_EQ(system_resolvers(folder / "none"), (std::vector<DnsServer>{{"127.0.0.1"}}));
  EXPECT_EQ(system_resolvers(folder / "missing"), (std::vector<DnsServer>{{"127.0.0.1"}}));
}

}  // namespace
}  // namespace autohttps::acme
