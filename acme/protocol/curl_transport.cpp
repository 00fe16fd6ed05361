#include <autohttps/acme/protocol/curl_transport.h>

#include <autohttps/acme/protocol/curl_failure.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/strings.h>

#include <curl/curl.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostHeaderBytes = 64 * 1024;  // RELIABILITY I7, as the body's
constexpr std::size_t kMostBodyBytes = 1024 * 1024;
constexpr int kMostRedirects = 3;
constexpr std::size_t kMostIdle = 4;     // as many orders as are ever under way at once
constexpr int kPollMilliseconds = 1000;  // curl's own timers and stop wake it earlier

struct MultiFree {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct EasyFree {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using ListPtr = std::unique_ptr<curl_slist, ListFree>;

void initialise_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);  // thread-safe, once
  if (done != CURLE_OK) {
    throw Error(ErrorCode::internal, "starting libcurl: " + std::string(curl_easy_strerror(done)));
  }
}

void add_line(ListPtr& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

// What arrives, within bounds. Filled by curl's callbacks, through which no exception may pass.
struct Receiver {
  HttpResponse response;
  std::size_t header_bytes = 0;
  std::string objection;  // why we stopped reading

  bool take_header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kMostHeaderBytes) {
      objection = "its answer has more than 64 KiB of headers";
      return false;
    }
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/"))
      response.headers.clear();  // after a 1xx: the final answer's begin
    const std::size_t colon = line.find(':');
    const bool trailer =
        !response.body.empty();  // RFC 9110 6.5.1: not to be merged into the headers
    if (colon == std::string_view::npos || line.starts_with(' ') || trailer) return true;
    response.headers.emplace_back(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    return true;
  }

  bool take_body(std::string_view bytes) {
    if (response.body.size() + bytes.size() > kMostBodyBytes) {
      objection = "its answer is larger than 1 MiB";
      return false;
    }
    response.body += bytes;
    return true;
  }
};

template <bool (Receiver::*take)(std::string_view)>
std::size_t on_bytes(char* data, std::size_t, std::size_t size, void* receiver) noexcept {
  try {
    if ((static_cast<Receiver*>(receiver)->*take)({data, size})) return size;
  } catch (const std::bad_alloc&) {
    // run() ends with CURLE_WRITE_ERROR and no objection.
  }
  return size + 1;  // anything but `size` ends the transfer
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Why not; empty: it holds a certificate.
std::string bundle_objection(const std::string& path) {
  const BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) return openssl_reason();
  const X509Ptr first(PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr));
  if (first) return {};
  openssl_reason();
  return "no certificate in it (PEM is wanted)";
}

// One connection and what drives it. One request at a time.
class Connection {
 public:
  Connection() : multi_(curl_multi_init()), easy_(curl_easy_init()) {
    if (!multi_ || !easy_) throw std::bad_alloc();
  }

  // Throws as Transport::send does; then this connection is not to be used again.
  HttpResponse exchange(const HttpRequest& request, const std::string& url,
                        const CurlOptions& options, const std::stop_token& stop) {
    Receiver receiver;
    std::array<char, CURL_ERROR_SIZE> detail{};
    const ListPtr lines = header_lines(request);
    curl_easy_reset(easy_.get());
    set_security(options);
    set_request(request, url);
    set(CURLOPT_HTTPHEADER, lines.get());
    set(CURLOPT_ERRORBUFFER, detail.data());
    set(CURLOPT_HEADERFUNCTION, &on_bytes<&Receiver::take_header>);
    set(CURLOPT_HEADERDATA, &receiver);
    set(CURLOPT_WRITEFUNCTION, &on_bytes<&Receiver::take_body>);
    set(CURLOPT_WRITEDATA, &receiver);
    const CURLcode result = run(url, stop);
    if (result != CURLE_OK) throw failure(result, url, receiver, detail.data(), options);
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    receiver.response.status = static_cast<int>(status);
    return std::move(receiver.response);
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode result = curl_easy_setopt(easy_.get(), option, value);
    if (result == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    if (result == CURLE_OK) return;
    throw Error(ErrorCode::internal, "setting libcurl's option " + std::to_string(option) + ": " +
                                         curl_easy_strerror(result));
  }

  void set_security(const CurlOptions& options) {
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);  // each hop is checked in follow()
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for the name resolver's thread
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // One bound for the whole exchange, a dripping answer included. No low-speed limit besides:
    // some CAs sign while finalize waits, and send nothing meanwhile.
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(options.timeout).count()));
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::chrono::milliseconds(options.connect_timeout).count()));
    set(CURLOPT_USERAGENT, options.user_agent.c_str());
    if (!options.proxy.empty()) set(CURLOPT_PROXY, options.proxy.c_str());
    if (options.ca_bundle.empty()) return;
    // The bundle alone: the system's 140 roots cost 30 ms a connection, and a private CA's users do
    // not mean them.
    set(CURLOPT_CAINFO, options.ca_bundle.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }

  void set_request(const HttpRequest& request, const std::string& url) {
    set(CURLOPT_URL, url.c_str());
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (request.method == "POST") {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    } else {
      set(CURLOPT_HTTPGET, 1L);
    }
  }

  static ListPtr header_lines(const HttpRequest& request) {
    ListPtr lines;
    add_line(lines, "Expect:");  // no round trip of its own for a body of 1 KiB
    if (!request.accept.empty()) add_line(lines, "Accept: " + request.accept);
    if (!request.content_type.empty()) add_line(lines, "Content-Type: " + request.content_type);
    return lines;
  }

  CURLcode run(const std::string& url, const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    check(curl_multi_add_handle(multi_.get(), easy_.get()));
    const Removal removal{*this};
    for (int running = 1;;) {
      if (stop.stop_requested()) {
        throw Error(ErrorCode::canceled, "asking \"" + host_of(url) + "\": stopped");
      }
      check(curl_multi_perform(multi_.get(), &running));
      if (running == 0) break;
      check(curl_multi_poll(multi_.get(), nullptr, 0, kPollMilliseconds, nullptr));
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    return message != nullptr ? message->data.result : CURLE_RECV_ERROR;
  }

  struct Removal {
    Connection& connection;
    ~Removal() {
      curl_multi_remove_handle(connection.multi_.get(), connection.easy_.get());
      curl_easy_setopt(connection.easy_.get(), CURLOPT_ERRORBUFFER, nullptr);  // exchange()'s own
    }
  };

  static void check(CURLMcode result) {
    if (result == CURLM_OK) return;
    throw Error(ErrorCode::internal,
                "driving libcurl: " + std::string(curl_multi_strerror(result)));
  }

  Error failure(CURLcode result, const std::string& url, const Receiver& receiver,
                const char* detail, const CurlOptions& options) {
    if (!receiver.objection.empty()) {
      return Error(ErrorCode::protocol, "asking \"" + host_of(url) + "\": " + receiver.objection);
    }
    if (result == CURLE_OUT_OF_MEMORY || result == CURLE_WRITE_ERROR) throw std::bad_alloc();
    CurlFailure known;
    known.code = result;
    known.url = url;
    known.detail = detail;
    known.timeout = options.timeout;
    known.own_bundle = !options.ca_bundle.empty();
    curl_easy_getinfo(easy_.get(), CURLINFO_SSL_VERIFYRESULT, &known.verify_result);
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &known.os_errno);
    return describe_failure(known);
  }

  std::unique_ptr<CURLM, MultiFree> multi_;  // keeps the connection between requests
  std::unique_ptr<CURL, EasyFree> easy_;
};

}  // namespace

struct CurlTransport::Pool {
  explicit Pool(CurlOptions options_in) : options(std::move(options_in)) {}

  std::unique_ptr<Connection> take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
    }
    return std::make_unique<Connection>();
  }

  void put(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kMostIdle) idle.push_back(std::move(connection));
  }

  const CurlOptions options;

  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;  // guarded by mutex; the last used is last
};

CurlTransport::CurlTransport(CurlOptions options) {
  initialise_curl();
  if (!options.ca_bundle.empty()) {
    const std::string why = bundle_objection(options.ca_bundle);
    if (!why.empty()) {
      throw Error(ErrorCode::config,
                  "reading the trusted roots \"" + printable(options.ca_bundle, 300) + "\": " + why,
                  "give --ca-bundle a PEM file with the root certificate of the CA's own HTTPS");
    }
  }
  if (options.user_agent.empty()) {
    options.user_agent = "autohttps/" AUTOHTTPS_VERSION " libcurl/" +
                         std::string(curl_version_info(CURLVERSION_NOW)->version);
  }
  pool_ = std::make_unique<Pool>(std::move(options));
}

CurlTransport::~CurlTransport() = default;

HttpResponse CurlTransport::send(const HttpRequest& request, std::stop_token stop) {
  std::string url = https_url(request.url, "asking a CA", {});
  for (int redirects = 0;; ++redirects) {
    auto connection = pool_->take();
    HttpResponse response = connection->exchange(request, url, pool_->options, stop);
    pool_->put(std::move(connection));
    const std::string asking = "asking \"" + host_of(url) + "\"";
    if (const auto encoding = response.header("content-encoding");
        !encoding.empty() && !equals_ignoring_case(encoding, "identity")) {
      throw Error(ErrorCode::protocol, asking + ": it answered with the encoding \"" +
                                           printable(encoding, 40) + "\", which nobody asked for");
    }
    // RFC 8555 6.4: the URL is signed, so a POST cannot go elsewhere: the answer is the caller's to
    // judge.
    if (!is_redirect(response.status) || request.method == "POST") return response;
    const auto next = resolve_url(url, response.header("location"));
    if (!next) throw Error(ErrorCode::protocol, asking + ": it redirects to nowhere");
    if (redirects == kMostRedirects) {
      throw Error(ErrorCode::protocol, asking + ": more than 3 redirects", "check --server");
    }
    url = https_url(*next, asking + ": it redirects", request.url);
  }
}

}  // namespace autohttps::acme
