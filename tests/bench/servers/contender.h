// A server that is measured: started on a free port, put to sleep while another has its turn.
#pragma once

#include <autohttps/tests/bench/servers/cleaner.h>

#include <autohttps/tests/support/child.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::bench {

enum class Kind { ours, nginx, caddy, stock, stock_nodelay };

const char* kind_name(Kind);
std::optional<Kind> kind_named(std::string_view name);
inline constexpr Kind kAllKinds[] = {Kind::ours, Kind::nginx, Kind::caddy, Kind::stock,
                                     Kind::stock_nodelay};
inline constexpr int kIdleSeconds = 600;  // longer than any case holds connections

// Where things are, and which servers take part.
struct Surroundings {
  std::filesystem::path programs;  // the folder of bench_server_ours and bench_server_stock
  std::filesystem::path autohttps;
  std::filesystem::path make_store;  // not there: empty
  std::filesystem::path folder;      // temporary
  Cleaner& cleaner;
  std::vector<Kind> kinds;
};

struct ContenderOptions {
  bool one_ticket = false;  // nginx: of its two
  bool hold_idle = false;   // keep-alive connections are not closed while idle
  bool swaps = false;       // swap() will be called
  // Of make_store, with so many certificates: they are served, ours by the program itself.
  std::filesystem::path store{};
  int certificates = 0;
  // What is served is a site: ours by the program itself, with a store of one certificate.
  enum class Site { none, files, proxy } site = Site::none;
  std::uint16_t upstream = 0;  // of the proxy, on 127.0.0.1
};

// Names and keys that every server has: a P-256 leaf for a.test below one intermediate, twice.
struct CertificateFiles {
  std::filesystem::path chain[2];
  std::filesystem::path key[2];
};
CertificateFiles write_certificates(const std::filesystem::path& folder);

class Contender {
 public:
  // Starts it and waits until it answers. Throws std::runtime_error with what it said otherwise.
  Contender(Kind, const Surroundings&, const ContenderOptions& = {});
  ~Contender();

  Kind kind() const noexcept { return kind_; }
  std::uint16_t port() const noexcept { return port_.number(); }
  void freeze() const;  // SIGSTOP to all of it
  void thaw() const;
  double first_answer_ms() const noexcept { return first_answer_ms_; }  // since its start
  std::vector<pid_t> processes() const;
  double cpu() const;
  // The other certificate, the server's own way: returns when the command is given.
  void swap();
  const std::string& serial(int which) const { return serials_[which]; }
  int current() const noexcept { return current_; }    // of the two certificates
  const char* host() const noexcept { return host_; }  // that its site is for
  // Where the files of its site are.
  const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  struct Own {};
  Contender(Kind, const Surroundings&, const ContenderOptions&, Own);
  std::vector<std::string> command(const Surroundings&, const ContenderOptions&);
  void wait_until_it_answers(const char* name);
  void post_to_caddy();

  const Kind kind_;
  const std::filesystem::path folder_;
  const CertificateFiles files_;
  const char* const host_;
  Cleaner& cleaner_;
  FreePort port_;
  FreePort admin_port_;  // Caddy's; autohttps's port 80
  std::string serials_[2];
  int current_ = 0;
  double first_answer_ms_ = 0;
  OwnedFd admin_;  // open until the next swap: Caddy may look whether we still listen
  std::optional<Child> child_;
};

// One handshake and GET; false when it is not answered within `limit`.
bool answers(std::uint16_t port, const char* name, std::chrono::milliseconds limit);
// Starts a program on the server's CPU, this process stays on its own.
void start_on_server_cpu(std::optional<Child>&, const ChildOptions&);
// This process on the second CPU; false: there is only one.
bool take_client_cpu();

}  // namespace autohttps::bench
