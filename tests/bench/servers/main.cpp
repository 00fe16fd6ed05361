// HTTPS servers side by side: ours, nginx, Caddy, and cpp-httplib as the distribution ships it.
//
//   bench_servers [--rounds N] [--quick] [--only CASE]... [--servers LIST] [--json FILE]
#include <autohttps/tests/bench/servers/cases.h>

#include <autohttps/tests/support/temporary_folder.h>

#include <openssl/crypto.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>

namespace autohttps::bench {

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"full", "full handshake + GET", measure_full},
      {"full-one-ticket", "the same, one session ticket each", measure_full_one_ticket},
      {"resumed", "resumed handshake + GET", measure_resumed},
      {"resumed-one-ticket", "the same, one session ticket each", measure_resumed_one_ticket},
      {"keep-alive", "keep-alive GETs", measure_keep_alive},
      {"static", "keep-alive GETs of a file of 1 KiB", measure_small_file},
      {"changing", "the same of one that changes every 50 ms", measure_changing_file},
      {"huge-file", "a file of 100 MiB", measure_huge_file},
      {"proxy", "keep-alive GETs through a reverse proxy", measure_proxy},
      {"open-loop", "20,000 requests a second, some slow", measure_open_loop},
      {"idle", "memory of idle connections, and new ones meanwhile", measure_idle},
      {"slow", "slow clients, and others meanwhile", measure_slow},
      {"swaps", "certificate swaps under new connections", measure_swaps},
      {"many", "10,000 certificates", measure_many},
  };
  return kCases;
}

namespace {

namespace fs = std::filesystem;

struct Options {
  Effort effort;
  std::vector<std::string> only;
  std::vector<Kind> servers{std::begin(kAllKinds), std::end(kAllKinds)};
  std::string json;
  bool help = false;
};

void usage(std::FILE* to) {
  std::fprintf(to,
               "usage: tests/bench/run server [OPTION]...\n\n"
               "  --rounds N      alternating rounds of each measurement (5)\n"
               "  --quick         one short round: does it all work?\n"
               "  --only CASE     this case alone; repeatable\n"
               "  --servers LIST  of autohttps,nginx,caddy,httplib,httplib-nodelay\n"
               "  --json FILE     every figure of every round\n\nCases:\n");
  for (const Case& one : cases()) std::fprintf(to, "  %-20s%s\n", one.name, one.what);
  std::fprintf(
      to,
      "\nExit: 0 measured, 1 an operation failed at autohttps or nginx, 2 usage or a server "
      "does not start.\n");
}

std::vector<Kind> kinds_of(const std::string& list) {
  std::vector<Kind> kinds;
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) {
    const auto kind = kind_named(word);
    if (!kind) throw std::invalid_argument("no server \"" + word + "\"");
    kinds.push_back(*kind);
  }
  return kinds;
}

bool is_case(const std::string& name) {
  for (const Case& one : cases()) {
    if (name == one.name) return true;
  }
  return false;
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= argc) throw std::invalid_argument(word + " needs a value");
      return argv[++i];
    };
    if (word == "--quick") {
      options.effort.quick = true;
      options.effort.rounds = 1;
    } else if (word == "--rounds") {
      options.effort.rounds = std::stoi(value());
    } else if (word == "--only") {
      options.only.push_back(value());
      if (!is_case(options.only.back()))
        throw std::invalid_argument(std::string("no case ") + argv[i]);
    } else if (word == "--servers") {
      options.servers = kinds_of(value());
    } else if (word == "--json") {
      options.json = value();
    } else if (word == "--help" || word == "-h") {
      options.help = true;
    } else {
      throw std::invalid_argument("what is \"" + word + "\"?");
    }
  }
  if (options.effort.rounds < 1) throw std::invalid_argument("--rounds is at least 1");
  return options;
}

std::string value_after_colon(const char* file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(key)) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string machine() {
  char date[64];
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::strftime(date, sizeof date, "%d %B %Y, %H:%M", ::localtime_r(&now, &parts));
  utsname system{};
  ::uname(&system);
  double load = 0;
  ::getloadavg(&load, 1);
  std::ostringstream text;
  text << date << "; " << ::sysconf(_SC_NPROCESSORS_ONLN) << " CPUs ("
       << value_after_colon("/proc/cpuinfo", "model name") << "), kernel " << system.release
       << "; load average at the start " << load;
  return text.str();
}

// Descriptors for 10,000 connections, here and in the servers.
void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int measure(const Options& options, const fs::path& programs) {
  const TemporaryFolder folder;
  Cleaner cleaner(folder.path());
  const fs::path make_store = programs / "make_store";
  const Surroundings surroundings{programs,
                                  programs / "../../autohttps",
                                  fs::exists(make_store) ? make_store : fs::path(),
                                  folder.path(),
                                  cleaner,
                                  options.servers};
  const bool two_cpus = take_client_cpu();
  std::printf("%s\n%s; TLS 1.3, X25519, AES-128-GCM, P-256 leaf and one intermediate;\n%s\n%d %s\n",
              machine().c_str(), OpenSSL_version(OPENSSL_VERSION),
              two_cpus ? "servers on CPU 0, client on CPU 1"
                       : "ONE CPU: servers and client share it, no figure is comparable",
              options.effort.rounds,
              options.effort.rounds == 1
                  ? "round"
                  : "alternating rounds: medians, and of the ratios to nginx in the same round");
  nlohmann::json all = {{"machine", machine()}, {"tables", nlohmann::json::array()}};
  double failures = 0;
  for (const Case& one : cases()) {
    if (!options.only.empty() &&
        std::find(options.only.begin(), options.only.end(), one.name) == options.only.end()) {
      continue;
    }
    for (const Table& table : one.run(surroundings, options.effort)) {
      table.print();
      for (const Kind kind : {Kind::ours, Kind::nginx}) failures += table.total(kind, "failed");
      all["tables"].push_back(table.json());
    }
  }
  if (!options.json.empty()) std::ofstream(options.json) << all.dump(2) << '\n';
  return failures == 0 ? 0 : 1;
}

int main_(int argc, char** argv) {
  Options options;
  try {
    options = read_options(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    usage(stderr);
    return 2;
  }
  if (options.help) {
    usage(stdout);
    return 0;
  }
  // Not ignored: that, the servers would inherit.
  std::signal(SIGPIPE, [](int) {});
  raise_descriptor_limit();
  const std::string path = std::string(::getenv("PATH")) + ":/usr/sbin:/sbin";
  ::setenv("PATH", path.c_str(), 1);
  try {
    return measure(options, fs::canonical("/proc/self/exe").parent_path());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) { return autohttps::bench::main_(argc, argv); }
