// What visitors take of the process's descriptors: never the last ones, which the store, the CA and
// hooks need.
#include <autohttps/common/descriptor_limit.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/engine.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/engine/request_body.h>
#include <autohttps/server/sites/file_tree.h>
#include <autohttps/server/sites/upstream_addresses.h>
#include <autohttps/server/sites/upstream_connection.h>
#include <autohttps/server/sites/upstream_url.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/in_child.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace autohttps {
namespace {

constexpr rlim_t kLimit = 256;

void start_with_few() {
  const rlimit limits{kLimit, kLimit};
  ::setrlimit(RLIMIT_NOFILE, &limits);
}

OwnedFd open_one() { return OwnedFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// All but the last ones: what is opened next is one of them.
std::vector<OwnedFd> take_others() {
  start_with_few();
  std::vector<OwnedFd> taken;
  while (taken.size() < kLimit && !is_of_the_last_descriptors(open_one().get())) {
    taken.push_back(open_one());
  }
  return taken;
}

TEST(F47_LastDescriptors, NoUpstreamGetsOne) {
  EXPECT_EQ(
      in_child([] {
        const OwnedFd listening = listen_tcp("127.0.0.1", 0);
        const std::string url = "http://127.0.0.1:" + std::to_string(bound_port(listening.get()));
        bool old = false;
        const auto address = UpstreamAddresses(parse_upstream_url(url)).known(old)->front();
        std::vector<OwnedFd> others = take_others();
        std::string trouble;
        if (UpstreamConnection::begin(address, nullptr, trouble)) return std::string("made");
        others.pop_back();
        return trouble + (UpstreamConnection::begin(address, nullptr, trouble) ? ", made" : "");
      }),
      std::string(std::strerror(EMFILE)) + ", made");
}

TEST(F47_LastDescriptors, NoFileGetsOne) {
  TemporaryFolder folder;
  folder.write("file", "contents");
  EXPECT_EQ(in_child([&] {
              const FileTree tree(folder.path());
              std::vector<OwnedFd> others = take_others();
              others.pop_back();  // for the root, which stays open
              const OpenedFile refused = tree.open("file");
              others.pop_back();
              const OpenedFile opened = tree.open("file");
              return std::to_string(status_of_open_error(refused.error)) +
                     (opened.kind == OpenedFile::Kind::file ? ", opened" : "");
            }),
            "503, opened");
}

TEST(F47_LastDescriptors, NoBodyOfARequestGetsOne) {
  TemporaryFolder folder;
  EXPECT_EQ(in_child([&] {
              std::vector<OwnedFd> others = take_others();
              RequestBody refused, kept;
              const bool took = refused.append("abc", 2, folder.path());
              others.pop_back();
              return std::string(took ? "kept" : "refused") +
                     (kept.append("abc", 2, folder.path()) ? ", kept" : "");
            }),
            "refused, kept");
}

TEST(F47_LastDescriptors, NoConnectionGetsOneAndNobodyWaits) {
  EXPECT_EQ(in_child([] {
              start_with_few();
              EngineLimits limits;
              limits.connections = limits.connections_per_address = kLimit;
              const EngineUnderTest server(echo, limits);
              std::vector<TestConnection> clients;
              do {
                clients.push_back(server.connect());
                clients.back().send(get("/"));
              } while (clients.back().read_response().status == 200);
              const bool is_counted = server.count(Count::no_descriptors) > 0;
              clients.pop_back();
              clients.pop_back();
              // There is a place again, for this client and its connection.
              TestConnection next = server.connect();
              next.send(get("/"));
              if (next.read_response().status != 200) return std::string("nobody went");
              std::vector<OwnedFd> left;
              for (OwnedFd one = open_one(); one; one = open_one()) left.push_back(std::move(one));
              return std::string(is_counted ? "refused" : "ended") +
                     (left.size() >= kLimit / 4 - 2 ? ", and the last are left" : "");
            }),
            "refused, and the last are left");
}

}  // namespace
}  // namespace autohttps
