#include <autohttps/acme/protocol/curl_transport.h>

#include <autohttps/tests/support/https_peer.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <autohttps/common/error.h>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <optional>
#include <thread>

namespace autohttps::acme {
namespace {

using Answer = HttpsPeer::Answer;
using Request = HttpsPeer::Request;
using std::chrono::steady_clock;

const TestCa& test_ca() {
  static const TestCa ca(0);
  return ca;
}

class CurlTransportTest : public ::testing::Test {
 protected:
  CurlTransportTest() { folder.write("root.pem", test_ca().root()); }

  CurlOptions options() const { return {.ca_bundle = folder / "root.pem"}; }
  static TestChain good_chain() { return test_ca().leaf({"127.0.0.1"}); }
  static HttpRequest get(const std::string& url) { return {.method = "GET", .url = url}; }

  TemporaryFolder folder;
};

// The error that a request ends with; empty when it does not.
std::optional<Error> failure_of(Transport& transport, const HttpRequest& request,
                                std::stop_token stop = {}) {
  return thrown_error([&] { transport.send(request, std::move(stop)); });
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST_F(CurlTransportTest, KeepsTheConnectionForTheNextRequest) {
  HttpsPeer peer(good_chain(), [](const Request& request, Answer& answer) {
    answer.simple(200, "Replay-Nonce: abc\r\nX-Odd:   spaces \r\n", "hello " + request.path);
  });
  CurlTransport transport(options());
  const HttpResponse first = transport.send(get(peer.url("/one")), {});
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "hello /one");
  EXPECT_EQ(first.header("replay-nonce"), "abc");
  EXPECT_EQ(first.header("x-odd"), "spaces");
  EXPECT_EQ(transport.send(get(peer.url("/two")), {}).body, "hello /two");
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(CurlTransportTest, SendsWhatRfc8555Asks) {
  Request seen;
  HttpsPeer peer(good_chain(), [&](const Request& request, Answer& answer) {
    seen = request;
    answer.simple(201, "", "");
  });
  CurlTransport transport(options());
  const HttpResponse response = transport.send({.method = "POST",
                                                .url = peer.url("/new-order"),
                                                .content_type = "application/jose+json",
                                                .accept = "application/json",
                                                .body = std::string("{\0}", 3)},
                                               {});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.body, std::string("{\0}", 3));
  EXPECT_TRUE(contains(seen.head, "\r\nContent-Type: application/jose+json\r\n"));
  EXPECT_TRUE(contains(seen.head, "\r\nAccept: application/json\r\n"));
  EXPECT_TRUE(contains(seen.head, "\r\nUser-Agent: autohttps/")) << seen.head;
  EXPECT_FALSE(contains(seen.head, "Expect:"));
  EXPECT_FALSE(contains(seen.head, "Accept-Encoding"));
}

TEST_F(CurlTransportTest, HeadReadsNoBody) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("HTTP/1.1 200 OK\r\nReplay-Nonce: n1\r\nContent-Length: 999999999\r\n\r\n");
  });
  CurlTransport transport(options());
  const HttpResponse response = transport.send({.method = "HEAD", .url = peer.url("/nonce")}, {});
  EXPECT_EQ(response.header("replay-nonce"), "n1");
  EXPECT_EQ(response.body, "");
}

TEST_F(CurlTransportTest, AnyStatusIsAResultAndOnlyTheFinalOneCounts) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("HTTP/1.1 103 Early Hints\r\nReplay-Nonce: early\r\n\r\n");
    answer.simple(503, "Retry-After: 5\r\nRetry-After: 7\r\n", "busy");
  });
  CurlTransport transport(options());
  const HttpResponse response = transport.send(get(peer.url("/")), {});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.header("replay-nonce"), "");
  EXPECT_EQ(std::count_if(response.headers.begin(), response.headers.end(),
                          [](const auto& header) { return header.first == "retry-after"; }),
            2);
}

TEST_F(CurlTransportTest, RefusesPlainHttpBeforeAnyConnection) {
  CurlTransport transport(options());
  const auto error = failure_of(transport, get("http://127.0.0.1:9/"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::protocol);
}

TEST_F(CurlTransportTest, StopEndsAWaitWithin100Milliseconds) {
  std::stop_source stop;
  HttpsPeer peer(good_chain(), [&](const Request&, Answer& answer) {
    stop.request_stop();
    answer.wait_for_client();
  });
  CurlTransport transport(options());
  const auto begin = steady_clock::now();
  const auto error = failure_of(transport, get(peer.url("/")), stop.get_token());
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(2));  // the handshake included
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::canceled);
  EXPECT_EQ(failure_of(transport, get(peer.url("/")), stop.get_token()).value().code(),
            ErrorCode::canceled);
}

TEST_F(CurlTransportTest, SaysThatNothingListens) {
  std::string url;
  {
    const HttpsPeer gone(good_chain(), [](const Request&, Answer&) {});
    url = gone.url("/directory");
  }
  CurlTransport transport(options());
  const auto error = failure_of(transport, get(url));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::network);
  EXPECT_TRUE(contains(error->what(), "connection refused")) << error->what();
  EXPECT_NE(error->hint(), "");
}

TEST_F(CurlTransportTest, ABundleMustHoldACertificate) {
  folder.write("empty.pem", "");
  folder.write("text.pem", "hello");
  for (const char* name : {"missing.pem", "empty.pem", "text.pem"}) {
    try {
      const CurlTransport transport({.ca_bundle = folder / name});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config);
      EXPECT_TRUE(contains(error.what(), name)) << error.what();
    }
  }
}

TEST_F(CurlTransportTest, ThreadsHaveConnectionsOfTheirOwn) {
  HttpsPeer peer(good_chain(), [](const Request& request, Answer& answer) {
    answer.simple(200, "", request.path);
  });
  CurlTransport transport(options());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string path = "/" + std::to_string(i);
      for (int j = 0; j < 5; ++j) EXPECT_EQ(transport.send(get(peer.url(path)), {}).body, path);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(peer.requests(), 20);
  EXPECT_LE(peer.connections(), 20);
}

// A directory that is `hops` redirects away.
HttpsPeer::Handler chain_of_redirects(int hops) {
  return [hops](const Request& request, Answer& answer) {
    const int at = std::stoi(request.path.substr(1));
    if (at == hops) return answer.simple(200, "", "arrived");
    answer.simple(302, "Location: /" + std::to_string(at + 1) + "\r\n", "");
  };
}

using F20_Redirects = CurlTransportTest;

TEST_F(F20_Redirects, ThreeAreFollowedForGet) {
  HttpsPeer peer(good_chain(), chain_of_redirects(3));
  CurlTransport transport(options());
  EXPECT_EQ(transport.send(get(peer.url("/0")), {}).body, "arrived");
}

TEST_F(F20_Redirects, AFourthAndALoopAreRefused) {
  HttpsPeer peer(good_chain(), chain_of_redirects(1000));
  CurlTransport transport(options());
  const auto error = failure_of(transport, get(peer.url("/0")));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::protocol);
  EXPECT_EQ(peer.requests(), 4);
}

TEST_F(F20_Redirects, OnlyToHttpsUrls) {
  for (const char* target : {"http://127.0.0.1:1/", "file:///etc/passwd", "ftp://127.0.0.1/",
                             "//user@127.0.0.1/", "", "https://", "gopher:x"}) {
    HttpsPeer peer(good_chain(), [target](const Request&, Answer& answer) {
      answer.simple(301, "Location: " + std::string(target) + "\r\n", "");
    });
    CurlTransport transport(options());
    const auto error = failure_of(transport, get(peer.url("/")));
    ASSERT_TRUE(error) << target;
    EXPECT_EQ(error->code(), ErrorCode::protocol) << target << ": " << error->what();
    EXPECT_EQ(peer.requests(), 1);
  }
}

TEST_F(F20_Redirects, APostIsNotSentOn) {
  HttpsPeer peer(good_chain(), chain_of_redirects(3));
  CurlTransport transport(options());
  const HttpResponse response =
      transport.send({.method = "POST", .url = peer.url("/0"), .body = "{}"}, {});
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(peer.requests(), 1);
}

using F18_Bodies = CurlTransportTest;

TEST_F(F18_Bodies, OneMebibyteIsTakenAndNotAByteMore) {
  HttpsPeer peer(good_chain(), [](const Request& request, Answer& answer) {
    answer.simple(200, "", std::string(std::stoul(request.path.substr(1)), 'x'));
  });
  CurlTransport transport(options());
  EXPECT_EQ(transport.send(get(peer.url("/1048576")), {}).body.size(), 1048576U);
  const auto error = failure_of(transport, get(peer.url("/1048577")));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::protocol);
  EXPECT_TRUE(contains(error->what(), "1 MiB")) << error->what();
}

TEST_F(F18_Bodies, EndlessOnesAreCutOff) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
    while (answer.write(chunk)) {
    }
  });
  CurlTransport transport(options());
  EXPECT_EQ(failure_of(transport, get(peer.url("/"))).value().code(), ErrorCode::protocol);
}

TEST_F(F18_Bodies, SoAreEndlessHeaders) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("HTTP/1.1 200 OK\r\n");
    while (answer.write("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  CurlTransport transport(options());
  const auto error = failure_of(transport, get(peer.url("/")));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::protocol);
  EXPECT_TRUE(contains(error->what(), "64 KiB")) << error->what();
}

TEST_F(F18_Bodies, ADrippingOneEndsWithTheTimeOut) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (answer.write("x")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  CurlOptions short_options = options();
  short_options.timeout = std::chrono::seconds(1);
  CurlTransport transport(short_options);
  const auto error = failure_of(transport, get(peer.url("/")));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::network);
  EXPECT_TRUE(contains(error->what(), "within 1 s")) << error->what();
}

TEST_F(F18_Bodies, TruncatedOnesAreNoResult) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    answer.reset();
  });
  CurlTransport transport(options());
  const auto error = failure_of(transport, get(peer.url("/")));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::network);
  EXPECT_TRUE(contains(error->what(), "the connection broke")) << error->what();
}

TEST_F(F18_Bodies, CompressedOnesWereNotAskedFor) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.simple(200, "Content-Encoding: gzip\r\n", "\x1f\x8b\x08");
  });
  CurlTransport transport(options());
  EXPECT_EQ(failure_of(transport, get(peer.url("/"))).value().code(), ErrorCode::protocol);
}

TEST_F(F18_Bodies, WhatIsNotHttpIsSaidToBeSo) {
  HttpsPeer peer(good_chain(), [](const Request&, Answer& answer) {
    answer.write("220 mail.test ESMTP\r\n");
    answer.keep = false;
  });
  CurlTransport transport(options());
  const auto error = failure_of(transport, get(peer.url("/")));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::protocol) << error->what();
}

class F23_CaTls : public CurlTransportTest {
 protected:
  void expect_refusal(const TestChain& chain, const HttpsPeer::Options& peer_options,
                      std::string_view cause, std::string_view hint,
                      std::string_view host = "127.0.0.1") {
    HttpsPeer peer(
        chain, [](const Request&, Answer& answer) { answer.simple(200, "", ""); }, peer_options);
    CurlTransport transport(options());
    const auto error = failure_of(transport, get(peer.url("/directory", host)));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::network);
    EXPECT_TRUE(contains(error->what(), cause)) << error->what();
    EXPECT_TRUE(contains(error->hint(), hint)) << error->hint();
    EXPECT_EQ(peer.requests(), 0);
  }
};

TEST_F(F23_CaTls, ExpiredCertificate) {
  expect_refusal(test_ca().expired({"127.0.0.1"}), {}, "has expired", "clock");
}

TEST_F(F23_CaTls, CertificateOfTheFuture) {
  expect_refusal(test_ca().not_yet_valid({"127.0.0.1"}), {}, "not valid yet", "clock");
}

TEST_F(F23_CaTls, CertificateForAnotherName) {
  expect_refusal(test_ca().leaf({"other.test"}), {}, "another name", "--server");
}

TEST_F(F23_CaTls, UnknownRoot) {
  const TestCa other(0);
  expect_refusal(other.leaf({"127.0.0.1"}), {}, "does not trust", "--ca-bundle");
}

TEST_F(F23_CaTls, SelfSigned) {
  expect_refusal(TestCa::self_signed({"127.0.0.1"}), {}, "does not trust", "--ca-bundle");
}

TEST_F(F23_CaTls, OldTls) {
  HttpsPeer::Options old;
  old.highest_tls = TLS1_1_VERSION;
  expect_refusal(good_chain(), old, "no TLS 1.2 or newer", "updated");
}

TEST_F(F23_CaTls, ResetInTheHandshake) {
  HttpsPeer::Options reset;
  reset.reset_in_handshake = true;
  expect_refusal(good_chain(), reset, "the TLS handshake failed", "--server");
}

}  // namespace
}  // namespace autohttps::acme
