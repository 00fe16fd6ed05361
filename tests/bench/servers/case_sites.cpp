// Sites: files and a reverse proxy, ours as the program itself serves them.
#include <autohttps/tests/bench/servers/alternating.h>
#include <autohttps/tests/bench/servers/bodies.h>
#include <autohttps/tests/bench/servers/settings.h>

#include <autohttps/tests/bench/measure.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <stop_token>
#include <thread>
#include <utility>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using Site = ContenderOptions::Site;

constexpr std::size_t kConnections = 64;
constexpr milliseconds kMeasuredOfHuge{3'000};

std::string request_for(const Contender& contender, const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + contender.host() + "\r\n\r\n";
}

std::vector<Kind> kinds_with_sites(const Surroundings& surroundings) {
  std::vector<Kind> kinds;
  for (const Kind kind : surroundings.kinds) {
    if (kind != Kind::stock && kind != Kind::stock_nodelay) kinds.push_back(kind);
  }
  return kinds;
}

// False: the table says why there is nothing.
bool make_options(Table& table, const Surroundings& surroundings, Site site,
                  ContenderOptions& options) {
  if (surroundings.make_store.empty()) {
    table.note(Kind::ours, "not measured: make_store is not built beside this program");
    return false;
  }
  options.site = site;
  options.certificates = 1;
  options.store = surroundings.folder / "site-store";
  if (!std::filesystem::exists(options.store)) {
    run({surroundings.make_store, options.store, "1"}, surroundings.folder / "make_store.log");
  }
  return true;
}

// Of each server's own: they are frozen in turn.
void ask_for(Turn& turn, const std::string& target) {
  turn.plan.request = request_for(turn.contender, target);
  turn.plan.next_name = [&contender = turn.contender] { return contender.host(); };
}

// A file that has another time every 50 ms: too young, each time, for anyone to keep its bytes.
class ChangingFile {
 public:
  explicit ChangingFile(std::filesystem::path path)
      : thread_([path = std::move(path)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
            std::this_thread::sleep_for(kEvery);
          }
        }) {}

 private:
  static constexpr milliseconds kEvery{50};
  std::jthread thread_;
};

// On the client's CPU: what it costs is nobody's.
class Upstream {
 public:
  explicit Upstream(const Surroundings& surroundings) : cleaner_(surroundings.cleaner) {
    const std::filesystem::path folder = surroundings.folder / "upstream";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "nginx.conf") << upstream_settings(folder, port_.number());
    ChildOptions child;
    child.arguments = {
        "nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"};
    child_.emplace(child);
    cleaner_.add(child_->pid());
  }
  ~Upstream() {
    child_->stop(milliseconds(500));
    child_->kill();
    cleaner_.remove(child_->pid());
  }
  std::uint16_t port() const { return port_.number(); }

 private:
  Cleaner& cleaner_;
  FreePort port_;
  std::optional<Child> child_;
};

}  // namespace

std::vector<Table> measure_small_file(const Surroundings& surroundings, const Effort& effort) {
  Table table("static", "a file of 1 KiB, keep-alive GETs on 64 connections",
              load_columns("request"));
  ContenderOptions options;
  if (!make_options(table, surroundings, Site::files, options)) return {table};
  alternate(table, surroundings, effort, kinds_with_sites(surroundings), options, [](Turn turn) {
    turn.plan.connections = kConnections;
    ask_for(turn, kSmallFile);
    return load_keep_alive(turn.plan);
  });
  return {table};
}

std::vector<Table> measure_changing_file(const Surroundings& surroundings, const Effort& effort) {
  Table table("changing",
              "a file of 1 KiB that changes every 50 ms, keep-alive GETs on 64 connections",
              load_columns("request"));
  ContenderOptions options;
  if (!make_options(table, surroundings, Site::files, options)) return {table};
  alternate(table, surroundings, effort, kinds_with_sites(surroundings), options, [](Turn turn) {
    const ChangingFile changing(turn.contender.folder().string() + kSmallFile);
    turn.plan.connections = kConnections;
    ask_for(turn, kSmallFile);
    return load_keep_alive(turn.plan);
  });
  return {table};
}

std::vector<Table> measure_huge_file(const Surroundings& surroundings, const Effort& effort) {
  Table table("huge-file", "a file of 100 MiB, again and again on one connection",
              {{"mb_per_cpu_s", "MB per CPU s", 0, true},
               {"mb_per_s", "MB/s", 0, true},
               {"failed", "failed", 0, false, Column::Over::sum}});
  ContenderOptions options;
  if (!make_options(table, surroundings, Site::files, options)) return {table};
  take_turns(surroundings, effort, kinds_with_sites(surroundings), options, [&](Turn turn) {
    turn.plan.connections = 1;
    turn.plan.measured = kMeasuredOfHuge;
    ask_for(turn, kHugeFile);
    LoadResult result = load_keep_alive(turn.plan);
    const Kind kind = turn.contender.kind();
    table.add(kind, "failed", static_cast<double>(result.failures));
    if (result.failures > 0) table.note(kind, "first failure: " + result.first_failure);
    if (result.operations == 0) return table.note(kind, "cannot: nothing was answered");
    const double megabytes = static_cast<double>(result.operations) * kHugeBody / 1e6;
    table.add(kind, "mb_per_cpu_s", megabytes / result.server_cpu_s);
    table.add(kind, "mb_per_s", megabytes / result.seconds);
  });
  return {table};
}

std::vector<Table> measure_proxy(const Surroundings& surroundings, const Effort& effort) {
  Table table(
      "proxy",
      "keep-alive GETs of 1 KiB on 64 connections, proxied in clear text to an nginx on the "
      "client's CPU",
      load_columns("request"));
  ContenderOptions options;
  if (!make_options(table, surroundings, Site::proxy, options)) return {table};
  const Upstream upstream(surroundings);
  options.upstream = upstream.port();
  alternate(table, surroundings, effort, kinds_with_sites(surroundings), options, [](Turn turn) {
    turn.plan.connections = kConnections;
    ask_for(turn, "/fixed");
    return load_keep_alive(turn.plan);
  });
  return {table};
}

}  // namespace autohttps::bench
