// A BIND that is the primary server of one zone, updated with a TSIG key, on a loopback address of
// its own; gone with the object.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/loopback_dns.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

namespace autohttps {

// It listens on a free port. As root it is also where name servers are, on port 53: of an address
// of 127.0.0.0/8 that nobody else is likely to have, from which questions are passed on (named
// itself listens on addresses of interfaces only). Throws std::runtime_error with its last words
// when it does not start.
class BindServer {
 public:
  explicit BindServer(const std::string& zone) {
    std::random_device random;
    std::uniform_int_distribution<std::uint32_t> host(0x010101, 0xfefefe);
    const std::uint32_t number = 0x7f000000U | host(random);
    if (::geteuid() == 0) {
      relay_ = std::make_unique<LoopbackDns>(
          [this](const std::string& query, bool) { return pass_on(query); }, AF_INET, number, 53);
    }
    const in_addr address{htonl(relay_ ? number : INADDR_LOOPBACK)};
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address, text.data(), text.size());
    write_files(zone, text.data());
    child_ = std::make_unique<Child>(ChildOptions{
        .arguments = {"named", "-g", "-n", "1", "-c", (folder_ / "named.conf").string()}});
    if (!child_->wait_for(" running")) throw std::runtime_error("named: " + child_->err());
  }

  std::string address() const { return "127.0.0.1"; }
  std::string port() const { return port_.text(); }
  std::string server() const { return address() + ":" + port(); }
  bool has_port_53() const { return relay_ != nullptr; }
  int asked_at_port_53() const { return relay_ ? relay_->asked_by_udp() : 0; }
  std::string key_file() const { return (folder_ / "tsig.key").string(); }  // mode 0600
  // The TXT records at a name, as dig +short writes them.
  std::string txt(const std::string& name) const {
    return run_child({.arguments = {"dig", "@" + address(), "-p", port(), "+short", "+norecurse",
                                    "+time=2", "TXT", name + "."}})
        .out;
  }

 private:
  void write_files(const std::string& zone, const std::string& name_server) {
    const ChildResult key = run_child({.arguments = {"tsig-keygen", "test-key"}});
    if (key.exit_code != 0) throw std::runtime_error("tsig-keygen: " + key.err);
    folder_.write("tsig.key", key.out);
    ::chmod((folder_ / "tsig.key").c_str(), 0600);
    folder_.write("zone", "$TTL 60\n@ SOA ns1 root 1 3600 600 86400 60\n@ NS ns1\nns1 A " +
                              name_server + "\n");
    folder_.write("named.conf",
                  "include \"" + key_file() + "\";\noptions {\n  directory \"" +
                      folder_.path().string() + "\";\n  pid-file none; session-keyfile none;\n" +
                      "  listen-on port " + port() + " { 127.0.0.1; };\n" +
                      "  listen-on-v6 { none; };\n  recursion no; dnssec-validation no;\n" +
                      "};\ncontrols { };\nzone \"" + zone +
                      "\" {\n  type primary; file \"zone\";\n" +
                      "  update-policy { grant test-key zonesub TXT; };\n};\n");
  }

  std::optional<std::string> pass_on(const std::string& query) const {
    const OwnedFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_.number());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer(65535, '\0');
    pollfd ready{socket.get(), POLLIN, 0};
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
        ::send(socket.get(), query.data(), query.size(), 0) < 0 || ::poll(&ready, 1, 2000) != 1) {
      return std::nullopt;
    }
    const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), 0);
    if (got < 0) return std::nullopt;
    answer.resize(static_cast<std::size_t>(got));
    return answer;
  }

  TemporaryFolder folder_;
  FreePort port_;
  std::unique_ptr<LoopbackDns> relay_;
  std::unique_ptr<Child> child_;
};

}  // namespace autohttps
