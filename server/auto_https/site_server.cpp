#include <autohttps/server/auto_https/site_server.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/auto_https/site_answers.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/file_answer.h>
#include <autohttps/server/sites/upstream.h>

#include <openssl/ssl.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>

namespace autohttps {
namespace {

// Requests of sites get this path, which is no client's but by an escape, so that they meet our own
// handlers alone: no pattern of a route is matched against their bytes, no folder looked into. The
// target stays what it was.
constexpr const char* kSitePath = "\n";
// Put before names of fields that cpp-httplib would act on (unpack a body, parse a form, compress
// an answer, cut a range out of it): no client's field begins so.
constexpr char kHidden = ':';
constexpr const char* kToHide[] = {"Content-Type", "Content-Encoding", "Accept-Encoding", "Range"};

std::string server_name_of(const httplib::Request& request) {
  const auto* const ssl = static_cast<const SSL*>(request.ssl);  // const void* since 0.31
  const char* name = ssl == nullptr ? nullptr : SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string() : std::string(name);
}

bool is_to_hide(const std::string& name) {
  for (const char* hidden : kToHide) {
    if (equals_ignoring_case(name, hidden)) return true;
  }
  return false;
}

// The values as they came: cpp-httplib has decoded %XX in them.
void keep_for_handler(httplib::Request& request, const RequestHead& head) {
  request.path = kSitePath;
  request.ranges.clear();
  request.headers.clear();
  for (const auto& [name, value] : head.fields) {
    request.headers.emplace(is_to_hide(name) ? kHidden + name : name, value);
  }
}

RequestHead kept_head(const httplib::Request& request) {
  RequestHead head{request.method, request.target, request.version, {}};
  for (const auto& [name, value] : request.headers) {
    head.fields.emplace_back(name.starts_with(kHidden) ? name.substr(1) : name, value);
  }
  return head;
}

// Tells the first failure and the end of failures, not each.
class Health {
 public:
  void note(const std::string& trouble, const Site& site, const EventSink& events) {
    if (well_.exchange(trouble.empty()) == trouble.empty() || !events) return;
    const std::string who = (site.names.empty() ? "other hosts" : site.names.front()) + ": " +
                            printable(site.reverse_proxy, 300);
    if (trouble.empty()) {
      events({Event::Level::step, {}, who + " answers again", {}});
    } else {
      events({Event::Level::warning,
              {},
              who + ": " + trouble,
              "visitors get 502 or 504 until it answers"});
    }
  }

 private:
  std::atomic<bool> well_ = true;
};

struct Contents {
  std::optional<FileAnswers> files{};
  std::unique_ptr<Upstream> upstream{};
  std::unique_ptr<Health> health = std::make_unique<Health>();
};

}  // namespace

struct SiteServer::Sites {
  SiteTable table;
  std::vector<Contents> contents;  // of each site of the table
};

SiteServer::SiteServer(std::shared_ptr<CertificateSource> source, TlsPolicy policy,
                       EventSink events)
    : HttpsServer(std::move(source), policy), events_(std::move(events)) {
  const auto without_body = [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response, nullptr);
  };
  const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                const httplib::ContentReader& body) {
    answer(request, response, &body);
  };
  set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
    // RFC 9110 8.6: a length of nothing is not told where there can be no body.
    if (response.status == 204 || response.status == 304) response.headers.erase("Content-Length");
  });
  // Not the measuring ones of HttpServer: files are quick, and a proxy says itself that it waits.
  httplib::Server::Get(kSitePath, without_body);
  httplib::Server::Options(kSitePath, without_body);
  httplib::Server::Post(kSitePath, with_body);
  httplib::Server::Put(kSitePath, with_body);
  httplib::Server::Patch(kSitePath, with_body);
  httplib::Server::Delete(kSitePath, with_body);
}

SiteServer::~SiteServer() = default;

void SiteServer::serve_sites(std::vector<Site> sites, std::uint16_t public_https_port) {
  auto next = std::make_shared<Sites>(Sites{SiteTable(std::move(sites), public_https_port), {}});
  for (const Site& site : next->table.sites()) {
    Contents& contents = next->contents.emplace_back();
    if (!site.root.empty()) contents.files.emplace(site.root);
    if (site.reverse_proxy.empty()) continue;
    UpstreamLimits limits;
    limits.stopping = [this] { return is_stopping(); };
    contents.upstream =
        std::make_unique<Upstream>(parse_upstream_url(site.reverse_proxy), std::move(limits));
  }
  std::shared_ptr<const Sites> shared = std::move(next);
  const std::lock_guard lock(mutex_);
  sites_.swap(shared);
}

std::shared_ptr<const SiteServer::Sites> SiteServer::sites() const {
  const std::lock_guard lock(mutex_);
  return sites_;
}

bool SiteServer::prepare(httplib::Request& request, std::string_view raw_head) {
  const std::shared_ptr<const Sites> sites = this->sites();
  if (!sites || sites->table.sites().empty()) return true;
  const std::optional<RequestHead> head = parse_request_head(raw_head);
  if (!head) {
    keep_for_handler(request, {});
    return false;
  }
  const SiteDecision decision = sites->table.decide(*head, server_name_of(request));
  if (decision.kind == SiteDecision::Kind::elsewhere) return true;
  keep_for_handler(request, *head);
  // HTTP/1.0 knows no chunks: where a length is not known, the end of the connection is the end.
  return head->version != "HTTP/1.0";
}

void SiteServer::answer(const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader* body) {
  using Kind = SiteDecision::Kind;
  const std::shared_ptr<const Sites> sites = this->sites();
  if (!sites) return answer_status(response, 404);
  const RequestHead head = kept_head(request);
  const SiteDecision decision = sites->table.decide(head, server_name_of(request));
  switch (decision.kind) {
    case Kind::elsewhere:  // the sites were changed between the two looks, or "%0A" was asked for
      return answer_status(response, 404);
    case Kind::bad_request:
      return answer_status(response, 400);
    case Kind::misdirected:
      return answer_status(response, 421);
    case Kind::redirect:
      return answer_redirect(response, head.method, decision.location);
    case Kind::site:
      break;
  }
  const Contents& contents = sites->contents[decision.site];
  if (contents.files) return answer_file(response, contents.files->answer(head));
  if (!head.target.starts_with('/')) return answer_status(response, 400);
  give_lead_away();  // to wait for the upstream
  const std::string trouble =
      answer_by_proxy(response, {head, request.remote_addr, body}, *contents.upstream);
  contents.health->note(trouble, sites->table.sites()[decision.site], events_);
}

}  // namespace autohttps
