#include <autohttps/tests/bench/servers/contender.h>

#include <autohttps/tests/bench/servers/bodies.h>
#include <autohttps/tests/bench/servers/client_pool.h>
#include <autohttps/tests/bench/servers/many_certificates.h>
#include <autohttps/tests/bench/servers/process_tree.h>
#include <autohttps/tests/bench/servers/settings.h>

#include <autohttps/tests/support/test_certificates.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace autohttps::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kStartLimit{60'000};
constexpr milliseconds kBetweenTries{5};
constexpr const char* kNoCa = "https://127.0.0.1:1/directory";  // the store is all there is
constexpr const char* kOwnName = "a.test";
constexpr int kServerCpu = 0;
constexpr int kClientCpu = 1;

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool run_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

std::string serial_of(const fs::path& chain) {
  const BioPtr bio(BIO_new_file(chain.c_str(), "r"));
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const ASN1_INTEGER* number = X509_get0_serialNumber(leaf.get());
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
                     static_cast<std::size_t>(ASN1_STRING_length(number)));
}

fs::path fresh_folder(const Surroundings& surroundings, Kind kind) {
  for (int i = 0;; ++i) {
    const fs::path folder =
        surroundings.folder / (std::string(kind_name(kind)) + "-" + std::to_string(i));
    if (fs::create_directory(folder)) return folder;
  }
}

// What swaps replaces: nginx reads the same names again.
fs::path live(const fs::path& folder, const char* what) {
  return folder / ("live-" + std::string(what));
}

void put_live(const fs::path& folder, const char* what, const fs::path& from) {
  const fs::path next = folder / ("next-" + std::string(what));
  fs::copy_file(from, next, fs::copy_options::overwrite_existing);
  fs::rename(next, live(folder, what));
}

// The others serve their site with files of the bench's.
ContenderOptions own_options(Kind kind, ContenderOptions options) {
  if (kind != Kind::ours && options.site != ContenderOptions::Site::none) {
    options.store.clear();
    options.certificates = 0;
  }
  return options;
}

}  // namespace

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::ours:
      return "autohttps";
    case Kind::nginx:
      return "nginx";
    case Kind::caddy:
      return "caddy";
    case Kind::stock:
      return "httplib";
    case Kind::stock_nodelay:
      return "httplib-nodelay";
  }
  return "";
}

std::optional<Kind> kind_named(std::string_view name) {
  for (const Kind kind : kAllKinds) {
    if (name == kind_name(kind)) return kind;
  }
  return std::nullopt;
}

CertificateFiles write_certificates(const fs::path& folder) {
  const TestCa ca;
  CertificateFiles files;
  for (int i = 0; i < 2; ++i) {
    const TestChain made = ca.leaf({"a.test"});
    const std::string number = std::to_string(i);
    files.chain[i] = folder / ("chain" + number + ".pem");
    files.key[i] = folder / ("key" + number + ".pem");
    write(files.chain[i], made.chain);
    write(files.key[i], made.key);
  }
  return files;
}

bool take_client_cpu() { return run_on(kClientCpu); }

void start_on_server_cpu(std::optional<Child>& child, const ChildOptions& options) {
  run_on(kServerCpu);  // inherited
  child.emplace(options);
  take_client_cpu();
}

bool answers(std::uint16_t port, const char* name, milliseconds limit) {
  ClientPool pool(1);
  pool.connect(0, {.port = port, .name = name});
  const auto give_up = steady_clock::now() + limit;
  bool answered = false, failed = false;
  while (!answered && !failed && steady_clock::now() < give_up) {
    pool.poll(kBetweenTries, [&](std::size_t, TlsClient::Event event) {
      if (event == TlsClient::Event::handshaken) pool[0].send(get_request(true));
      answered = answered || event == TlsClient::Event::answered;
      failed = failed || event == TlsClient::Event::failed;
    });
  }
  return answered;
}

Contender::Contender(Kind kind, const Surroundings& surroundings, const ContenderOptions& given)
    : Contender(kind, surroundings, own_options(kind, given), {}) {}

Contender::Contender(Kind kind, const Surroundings& surroundings, const ContenderOptions& options,
                     Own)
    : kind_(kind),
      folder_(fresh_folder(surroundings, kind)),
      files_(write_certificates(folder_)),
      host_(options.store.empty() ? kOwnName : many_name(1)),
      cleaner_(surroundings.cleaner),
      serials_{serial_of(files_.chain[0]), serial_of(files_.chain[1])} {
  write(folder_ / "big", std::string(kBigBody, 'x'));
  write(folder_ / "index.html", "hello\n");
  if (options.site == ContenderOptions::Site::files) {
    write(folder_.string() + kSmallFile, std::string(kSmallBody, 'x'));
    write(folder_.string() + kHugeFile, std::string(kHugeBody, 'x'));
  }
  ChildOptions child;
  child.arguments = command(surroundings, options);
  child.environment = {{"HOME", folder_}, {"XDG_DATA_HOME", folder_}, {"XDG_CONFIG_HOME", folder_}};
  start_on_server_cpu(child_, child);
  cleaner_.add(child_->pid());
  wait_until_it_answers(options.certificates < 2 ? host_ : many_name(options.certificates / 2));
}

Contender::~Contender() {
  thaw();
  child_->stop(milliseconds(500));
  child_->kill();
  cleaner_.remove(child_->pid());
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::string> Contender::command(const Surroundings& surroundings,
                                            const ContenderOptions& options) {
  const std::string port = port_.text();
  switch (kind_) {
    case Kind::ours: {
      if (!options.store.empty()) {
        std::vector<std::string> words = {surroundings.autohttps,
                                          "serve",
                                          "--agree-tos",
                                          "--server",
                                          kNoCa,
                                          "--http-port",
                                          admin_port_.text(),
                                          "--https-port",
                                          port,
                                          "--store",
                                          options.store};
        using Site = ContenderOptions::Site;
        if (options.site == Site::files) {
          words.insert(words.end(), {host_, "--root", folder_});
        } else if (options.site == Site::proxy) {
          words.insert(words.end(), {host_, "--reverse-proxy",
                                     "http://127.0.0.1:" + std::to_string(options.upstream)});
        }
        return words;
      }
      std::vector<std::string> words = {surroundings.programs / "bench_server_ours", port};
      for (int i = 0; i < 2; ++i) words.insert(words.end(), {files_.chain[i], files_.key[i]});
      if (options.hold_idle) {
        words.insert(words.end(), {"--idle-seconds", std::to_string(kIdleSeconds)});
      }
      return words;
    }
    case Kind::nginx:
      put_live(folder_, "chain", files_.chain[0]);
      put_live(folder_, "key", files_.key[0]);
      write(folder_ / "nginx.conf",
            nginx_settings(
                folder_, port_.number(), live(folder_, "chain"), live(folder_, "key"), options,
                nginx_server_blocks(options.store, options.certificates, port_.number())));
      return {"nginx", "-p", folder_, "-e", folder_ / "error.log", "-c", folder_ / "nginx.conf"};
    case Kind::caddy:
      write(folder_ / "caddy.json",
            caddy_settings(folder_, port_.number(), options.swaps ? admin_port_.number() : 0,
                           options.store.empty() ? caddy_files(files_.chain[0], files_.key[0])
                                                 : caddy_folder(options.store, options.certificates,
                                                                folder_ / "many"),
                           options));
      return {"caddy", "run", "--config", folder_ / "caddy.json"};
    case Kind::stock:
    case Kind::stock_nodelay:
      std::vector<std::string> words = {surroundings.programs / "bench_server_stock", port,
                                        files_.chain[0], files_.key[0]};
      if (kind_ == Kind::stock_nodelay) words.emplace_back("--nodelay");
      return words;
  }
  return {};
}

void Contender::wait_until_it_answers(const char* name) {
  const auto begin = steady_clock::now();
  const auto give_up = begin + kStartLimit;
  while (!answers(port(), name, milliseconds(2000))) {
    if (!child_->running() || steady_clock::now() > give_up) {
      cleaner_.remove(child_->pid());
      throw std::runtime_error(std::string(kind_name(kind_)) + " does not answer:\n" +
                               child_->err() + contents(folder_ / "error.log"));
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
  first_answer_ms_ = std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

void Contender::freeze() const { ::kill(-child_->pid(), SIGSTOP); }
void Contender::thaw() const { ::kill(-child_->pid(), SIGCONT); }
std::vector<pid_t> Contender::processes() const { return processes_of_group(child_->pid()); }
double Contender::cpu() const { return cpu_seconds(processes()); }

void Contender::swap() {
  current_ = 1 - current_;
  switch (kind_) {
    case Kind::ours:
      child_->signal(SIGUSR1);
      break;
    case Kind::nginx:
      put_live(folder_, "chain", files_.chain[current_]);
      put_live(folder_, "key", files_.key[current_]);
      child_->signal(SIGHUP);
      break;
    case Kind::caddy:
      post_to_caddy();
      break;
    default:
      throw std::logic_error("cpp-httplib cannot swap its certificate");
  }
}

void Contender::post_to_caddy() {
  ContenderOptions options;
  options.swaps = true;
  const std::string body =
      caddy_settings(folder_, port_.number(), admin_port_.number(),
                     caddy_files(files_.chain[current_], files_.key[current_]), options);
  const std::string request = "POST /load HTTP/1.1\r\nHost: 127.0.0.1:" + admin_port_.text() +
                              "\r\nContent-Type: application/json\r\nConnection: close\r\n"
                              "Content-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  admin_ = OwnedFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(admin_port_.number());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(admin_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
      ::send(admin_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request.size())) {
    throw std::runtime_error("Caddy's admin does not take a new configuration");
  }
}

}  // namespace autohttps::bench
