#include <autohttps/server/sites/upstream.h>

#include <autohttps/common/strings.h>

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostHeld = 256 * 1024;  // of an answer that the client does not take yet
constexpr std::size_t kMostFieldBytes = 64 * 1024;
constexpr std::size_t kMostIdle = 32;  // handles that wait for their next request
constexpr long kBuffer = 64 * 1024;
constexpr milliseconds kSlice{250};  // how late `stopping` is noticed
constexpr int kBadGateway = 502;
constexpr int kGatewayTimeout = 504;

struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

// A handle and the connections that it has kept. The multi outlives the easy.
struct Line {
  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::unique_ptr<CURL, EasyDeleter> easy;
};

Line new_line() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);  // thread-safe, once
  Line line{std::unique_ptr<CURLM, MultiDeleter>(curl_multi_init()),
            std::unique_ptr<CURL, EasyDeleter>(curl_easy_init())};
  if (done != CURLE_OK || !line.multi || !line.easy) {
    throw UpstreamError(kBadGateway, "libcurl cannot be set up");
  }
  return line;
}

}  // namespace

struct Upstream::Pool {
  Pool(UpstreamUrl url_in, UpstreamLimits limits_in)
      : url(std::move(url_in)), limits(std::move(limits_in)) {}

  Line take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Line line = std::move(idle.back());
        idle.pop_back();
        return line;
      }
    }
    return new_line();
  }
  void give_back(Line line) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kMostIdle) idle.push_back(std::move(line));
  }

  const UpstreamUrl url;
  const UpstreamLimits limits;
  std::mutex mutex;        // guards idle
  std::vector<Line> idle;  // the last one used first: its connection is the youngest
};

namespace {

class Exchange final : public UpstreamExchange {
 public:
  Exchange(Line line, UpstreamRequest request, const UpstreamUrl& url, const UpstreamLimits& limits,
           std::function<void(Line)> give_back);
  ~Exchange() override;

  bool send(std::string_view piece) override;
  const UpstreamHead& head() override;
  bool read(std::string& piece, const std::function<bool()>& wanted) override;

 private:
  template <typename Value>
  void set(CURLoption option, Value value);
  void prepare(const UpstreamUrl&, const UpstreamLimits&);
  void add_lines();

  // Called by libcurl, inside of go_on().
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_upload(char* data, std::size_t one, std::size_t size, void* self);
  bool take_header(std::string_view line);
  void begin_head(std::string_view status_line);

  void go_on();  // what can be done now, else waits for a while; throws when time is up
  void wait();
  void look_for_end();
  [[noreturn]] void fail(int status, const std::string& text);

  const UpstreamRequest request_;
  const UpstreamLimits& limits_;
  const std::function<void(Line)> give_back_;
  Line line_;
  std::unique_ptr<curl_slist, ListDeleter> lines_;
  char detail_[CURL_ERROR_SIZE] = "";

  std::string_view outgoing_;  // of the body, not taken by libcurl yet
  bool sent_all_ = false;      // the client's body has ended
  bool upload_paused_ = false;

  UpstreamHead head_;
  std::size_t field_bytes_ = 0;
  bool has_head_ = false;
  std::string held_;
  bool paused_ = false;

  bool ended_ = false;
  CURLcode result_ = CURLE_OK;
  steady_clock::time_point last_byte_ = steady_clock::now();
  std::optional<steady_clock::time_point> cut_off_;
};

Exchange::Exchange(Line line, UpstreamRequest request, const UpstreamUrl& url,
                   const UpstreamLimits& limits, std::function<void(Line)> give_back)
    : request_(std::move(request)),
      limits_(limits),
      give_back_(std::move(give_back)),
      line_(std::move(line)),
      sent_all_(!request_.has_body) {
  add_lines();
  prepare(url, limits);
  if (curl_multi_add_handle(line_.multi.get(), line_.easy.get()) != CURLM_OK) {
    throw UpstreamError(kBadGateway, "libcurl cannot begin a request");
  }
}

// Removed under way, libcurl closes the connection.
Exchange::~Exchange() {
  curl_multi_remove_handle(line_.multi.get(), line_.easy.get());
  curl_easy_reset(line_.easy.get());
  try {
    give_back_(std::move(line_));
  } catch (const std::exception&) {
    // Out of memory: the handle is freed, and its connections with it.
  }
}

void Exchange::add_lines() {
  const auto add = [this](const std::string& text) {
    curl_slist* longer = curl_slist_append(lines_.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(lines_.release());
    lines_.reset(longer);
  };
  for (const auto& [name, value] : request_.fields) {
    std::string line = name;
    line += value.empty() ? ";" : ": ";  // libcurl's spelling of no value
    add(line += value);
  }
  // What libcurl would add of its own.
  for (const char* name : {"Accept", "Expect", "Content-Type", "User-Agent"}) {
    if (count_fields(request_.fields, name) == 0) add(std::string(name) + ":");
  }
}

template <typename Value>
void Exchange::set(CURLoption option, Value value) {
  if (curl_easy_setopt(line_.easy.get(), option, value) != CURLE_OK) {
    throw UpstreamError(kBadGateway, "libcurl does not take an option");
  }
}

void Exchange::prepare(const UpstreamUrl& url, const UpstreamLimits& limits) {
  set(CURLOPT_URL, (url.origin + "/").c_str());
  set(CURLOPT_REQUEST_TARGET, (url.prefix + request_.target).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // that is the visitor's business
  set(CURLOPT_PROXY, "");           // nor is an environment's proxy meant for it
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_BUFFERSIZE, kBuffer);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(CURLOPT_HTTPHEADER, lines_.get());
  set(CURLOPT_ERRORBUFFER, detail_);
  set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.has_body) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE,
        request_.length ? static_cast<curl_off_t>(*request_.length) : curl_off_t{-1});
    set(CURLOPT_READFUNCTION, &Exchange::on_upload);
    set(CURLOPT_READDATA, static_cast<void*>(this));
  }
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

// ---- called by libcurl: no exception may pass

std::size_t Exchange::on_header(char* data, std::size_t one, std::size_t size, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  try {
    return exchange->take_header({data, one * size}) ? one * size : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

void Exchange::begin_head(std::string_view status_line) {
  const std::string_view rest =
      status_line.substr(std::min(status_line.find(' '), status_line.size() - 1) + 1);
  head_ = {};
  std::from_chars(rest.data(), rest.data() + rest.size(), head_.status);
}

bool Exchange::take_header(std::string_view line) {
  last_byte_ = steady_clock::now();
  field_bytes_ += line.size();
  if (field_bytes_ > kMostFieldBytes) return false;
  if (has_head_) return true;  // trailers
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    begin_head(line);
  } else if (line.empty()) {
    constexpr int kFinal = 200;  // RFC 9110 15.2: what comes before is interim
    has_head_ = head_.status >= kFinal;
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    head_.fields.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return true;
}

std::size_t Exchange::on_body(char* data, std::size_t one, std::size_t size, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  exchange->last_byte_ = steady_clock::now();
  if (exchange->held_.size() >= kMostHeld) {
    exchange->paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  try {
    exchange->held_.append(data, one * size);
    return one * size;
  } catch (const std::exception&) {
    return 0;
  }
}

std::size_t Exchange::on_upload(char* data, std::size_t one, std::size_t size, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  exchange->last_byte_ = steady_clock::now();
  const std::size_t taken = std::min(exchange->outgoing_.size(), one * size);
  if (taken == 0 && !exchange->sent_all_) {
    exchange->upload_paused_ = true;
    return CURL_READFUNC_PAUSE;
  }
  exchange->outgoing_.copy(data, taken);
  exchange->outgoing_.remove_prefix(taken);
  return taken;
}

// ---- driving it

void Exchange::fail(int status, const std::string& text) {
  if (!ended_) {
    ended_ = true;
    result_ = CURLE_ABORTED_BY_CALLBACK;
  }
  throw UpstreamError(status, text);
}

void Exchange::look_for_end() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(line_.multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    ended_ = true;
    result_ = message->data.result;
  }
}

void Exchange::wait() {
  const auto now = steady_clock::now();
  if (now - last_byte_ >= limits_.silence) fail(kGatewayTimeout, "nothing comes from it");
  if (limits_.stopping && limits_.stopping() && !cut_off_) cut_off_ = now + limits_.drain;
  if (cut_off_ && now >= *cut_off_) fail(kBadGateway, "this server stops");
  const auto left = std::chrono::ceil<milliseconds>(limits_.silence - (now - last_byte_));
  curl_multi_poll(line_.multi.get(), nullptr, 0, static_cast<int>(std::min(left, kSlice).count()),
                  nullptr);
}

void Exchange::go_on() {
  const std::size_t held = held_.size();
  const std::size_t outgoing = outgoing_.size();
  const bool had_head = has_head_;
  int running = 0;
  if (curl_multi_perform(line_.multi.get(), &running) != CURLM_OK) {
    fail(kBadGateway, "libcurl failed");
  }
  look_for_end();
  const bool moved = held_.size() != held || outgoing_.size() != outgoing || has_head_ != had_head;
  if (!ended_ && !moved) wait();
}

bool Exchange::send(std::string_view piece) {
  outgoing_ = piece;
  last_byte_ = steady_clock::now();  // it was the client that was slow
  if (std::exchange(upload_paused_, false)) curl_easy_pause(line_.easy.get(), CURLPAUSE_CONT);
  try {
    // To the pause, so that libcurl holds no part of `piece`.
    while (!ended_ && !has_head_ && !outgoing_.empty()) go_on();
  } catch (const UpstreamError&) {
    // head() tells.
  }
  const bool wanted = outgoing_.empty() && !ended_;
  outgoing_ = {};
  return wanted;
}

const UpstreamHead& Exchange::head() {
  if (!sent_all_) {
    sent_all_ = true;
    last_byte_ = steady_clock::now();
    if (std::exchange(upload_paused_, false)) curl_easy_pause(line_.easy.get(), CURLPAUSE_CONT);
  }
  while (!has_head_ && !ended_) go_on();
  if (!has_head_) {
    const bool late = result_ == CURLE_OPERATION_TIMEDOUT || result_ == CURLE_ABORTED_BY_CALLBACK;
    const char* text = detail_[0] != '\0' ? detail_ : curl_easy_strerror(result_);
    throw UpstreamError(late ? kGatewayTimeout : kBadGateway, printable(text, 300));
  }
  curl_off_t length = -1;
  curl_easy_getinfo(line_.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length >= 0) head_.length = static_cast<std::uint64_t>(length);
  return head_;
}

bool Exchange::read(std::string& piece, const std::function<bool()>& wanted) {
  piece.clear();
  while (held_.empty() && !ended_) {
    if (wanted && !wanted()) fail(kBadGateway, "nobody waits for its answer");
    if (std::exchange(paused_, false)) curl_easy_pause(line_.easy.get(), CURLPAUSE_CONT);
    if (held_.empty()) go_on();
  }
  if (held_.empty() && result_ != CURLE_OK) {
    throw UpstreamError(kBadGateway,
                        "its answer broke off: " + std::string(curl_easy_strerror(result_)));
  }
  piece.swap(held_);
  return !piece.empty();
}

}  // namespace

Upstream::Upstream(UpstreamUrl url, UpstreamLimits limits)
    : pool_(std::make_shared<Pool>(std::move(url), std::move(limits))) {}

Upstream::~Upstream() = default;

std::unique_ptr<UpstreamExchange> Upstream::begin(UpstreamRequest request) {
  return std::make_unique<Exchange>(
      pool_->take(), std::move(request), pool_->url, pool_->limits,
      [pool = pool_](Line line) { pool->give_back(std::move(line)); });
}

}  // namespace autohttps
