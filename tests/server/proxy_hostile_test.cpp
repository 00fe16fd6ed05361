// Every hostile stream of bytes there is a row for, through the proxy: what an upstream sees of it
// is the requests that were accepted, whole and framed in one way, and nothing else.
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/sites/reverse_proxy.h>
#include <autohttps/tests/support/hostile_requests.h>
#include <autohttps/tests/support/proxy_fixture.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

namespace autohttps {
namespace {

ProxiedRequest without_authority(const Exchange& exchange) {
  ProxiedRequest request;
  request.target = exchange.head().resource;
  if (!request.target.starts_with('/') && request.target != "*") request.target.insert(0, "/");
  return request;
}

bool is_accepted(const HostileAnswer& answer) { return answer.status == 200; }

TEST(ProxyHostileTest, AnUpstreamSeesWhatWasAcceptedAndNothingElse) {
  std::mutex mutex;
  std::vector<std::string> bodies;
  ScriptedUpstream upstream(
      [&](const ScriptedUpstream::Request& request, ScriptedUpstream::Line& line) {
        HeadView view;
        const HeadLimits limits{request.head.size(), 200, request.head.size()};
        const HeadResult result = HeadScanner().scan(request.head, limits, view);
        EXPECT_EQ(result.kind, HeadResult::Kind::complete) << request.head << result.reason;
        EXPECT_EQ(result.consumed, request.head.size()) << request.head;
        EXPECT_FALSE(view.chunked && view.length) << request.head;
        {
          const std::lock_guard lock(mutex);
          bodies.push_back(request.body);
        }
        line.simple(request.body);
      });
  ProxyUnderTest proxy(proxy_to({upstream.url()}), {}, without_authority);
  for (const HostileRequest& row : hostile_requests()) {
    bodies.clear();
    FramedClient client(proxy);
    client.send(row.raw);
    std::vector<std::string> expected;
    for (const HostileAnswer& wanted : row.answers) {
      FramedResponse answer = client.read();
      while (answer.status == 100) answer = client.read();
      EXPECT_EQ(answer.status, wanted.status) << row.name;
      if (is_accepted(wanted)) expected.push_back(wanted.body.value_or(answer.body));
    }
    EXPECT_TRUE(!row.ends || client.ended()) << row.name;
    const std::lock_guard lock(mutex);
    EXPECT_EQ(bodies, expected) << row.name;
  }
  EXPECT_TRUE(proxy.status().well);
}

}  // namespace
}  // namespace autohttps
