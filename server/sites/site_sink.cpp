#include <autohttps/server/sites/forwarded_request.h>
#include <autohttps/server/sites/site_place.h>
#include <autohttps/server/sites/site_sink.h>
#include <autohttps/server/sites/site_table.h>

#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace autohttps {
namespace {

constexpr const char* kWait = "1";                 // Retry-After, in seconds
constexpr std::size_t kMemoryOfFiles = 64U << 20;  // bytes, of small files, of all sites

// Of one place; of a lone site, a fifth.
std::size_t memory_of_files(const std::vector<Site>& sites) {
  std::size_t places = 4;
  for (const Site& site : sites) places += 1 + site.paths.size();
  return kMemoryOfFiles / places;
}

void send(Exchange& exchange, Answer answer) {
  exchange.respond(std::move(answer.head), std::move(answer.body));
}

// RFC 9110 15.4.9: 308 keeps the method; old clients know 301 only, for what it is safe for.
Answer redirect(std::string_view method, std::string location) {
  const bool is_safe = method == "GET" || method == "HEAD";
  return status_answer(is_safe ? 301 : 308, {{"Location", std::move(location)}});
}

std::string_view query_of(std::string_view resource) noexcept {
  const std::size_t query = resource.find('?');
  return query == std::string_view::npos ? std::string_view() : resource.substr(query);
}

// RFC 9112 3.2.1: for the upstream, a path and the query.
ProxiedRequest proxied(const SitePlace& place, const HeadView& head, std::string_view beneath) {
  ProxiedRequest request;
  const std::string_view query = query_of(head.resource);
  if (place.is_own() && place.path.strip_prefix) {
    request.prefix = place.path.prefix;
    request.target = beneath.empty() ? "/" : std::string(beneath);
  } else {
    request.target = head.resource.substr(0, head.resource.size() - query.size());
    if (request.target.empty()) request.target = "/";
  }
  request.target += query;
  request.max_body = place.max_body;
  request.keeps_authorization = place.auth != nullptr;
  return request;
}

// What stands before the contents; empty: nothing does.
std::optional<Answer> refusal_at(const SitePlace& place, const HeadView& head) {
  if (place.max_body > 0 && head.length.value_or(0) > place.max_body) return status_answer(413);
  if (!place.auth) return std::nullopt;
  switch (place.auth->ask(head)) {
    case BasicAuth::Verdict::let_in:
      return std::nullopt;
    case BasicAuth::Verdict::unknown:
      return status_answer(401, {{"WWW-Authenticate", place.auth->challenge()}});
    case BasicAuth::Verdict::busy:
      return status_answer(503, {{"Retry-After", kWait}});
    case BasicAuth::Verdict::broken:
      break;
  }
  return status_answer(500);
}

}  // namespace

struct SiteSink::Sites {
  SiteTable table;
  SharedParts parts{};
  std::vector<std::deque<SitePlace>> places{};  // of each site: its own, then those of its paths
  bool trusts = false;                          // some place does somebody
};

SiteSink::SiteSink(EventSink events, IsTrusted is_trusted)
    : events_(std::move(events)), is_trusted_(std::move(is_trusted)) {}

SiteSink::~SiteSink() = default;

void SiteSink::serve_sites(std::vector<Site> sites, std::uint16_t public_https_port) {
  const std::shared_ptr<const Sites> known = this->sites();
  const SharedParts none;
  auto next = std::make_shared<Sites>(Sites{SiteTable(std::move(sites), public_https_port)});
  next->parts.memory_of_files = memory_of_files(next->table.sites());
  for (const Site& site : next->table.sites()) {
    std::deque<SitePlace>& places = next->places.emplace_back();
    const auto add = [&](const SitePath& path) {
      places.emplace_back(site, path, events_, is_trusted_, known ? known->parts : none,
                          next->parts);
      next->trusts = next->trusts || !places.back().trusted.empty();
    };
    add(site);
    for (const SitePath& path : site.paths) add(path);
  }
  std::shared_ptr<const Sites> shared = std::move(next);
  const std::lock_guard lock(mutex_);
  sites_.swap(shared);
}

std::shared_ptr<const SiteSink::Sites> SiteSink::sites() const {
  const std::lock_guard lock(mutex_);
  return sites_;
}

std::vector<UpstreamStatus> SiteSink::upstreams() const {
  std::vector<UpstreamStatus> all;
  const std::shared_ptr<const Sites> sites = this->sites();
  if (!sites) return all;
  for (const auto& [key, proxy] : sites->parts.proxies) {
    for (UpstreamStatus& status : proxy->status()) all.push_back(std::move(status));
  }
  return all;
}

Intake SiteSink::intake(const HeadView& head, std::string_view server_name) noexcept {
  try {
    const std::shared_ptr<const Sites> sites = this->sites();
    if (!sites) return routes_->intake(head, server_name);
    const SiteDecision decision = sites->table.decide(head, server_name);
    const bool is_routes = decision.kind == SiteDecision::Kind::elsewhere ||
                           (decision.kind == SiteDecision::Kind::site &&
                            !has_contents(sites->places[decision.site][decision.path].contents));
    // Who refuses need not have it all first.
    return is_routes ? routes_->intake(head, server_name) : Intake::pulled;
  } catch (const std::exception&) {
    return Intake::whole;
  }
}

void SiteSink::handle(ExchangePtr exchange) noexcept {
  try {
    answer(std::move(exchange));
  } catch (const std::exception&) {
    // Out of memory: it is dropped, and its connection ends.
  }
}

std::string_view SiteSink::client_of(const RequestRecord& record) const noexcept {
  try {
    const std::shared_ptr<const Sites> sites = this->sites();
    if (!sites || !sites->trusts) return {};
    const SiteDecision decision = sites->table.decide(record.head, record.server_name);
    if (decision.kind != SiteDecision::Kind::site) return {};
    return client_address(record.head, record.peer.remote_ip,
                          sites->places[decision.site][decision.path].trusted);
  } catch (const std::exception&) {
    return {};  // no memory
  }
}

void SiteSink::answer(ExchangePtr exchange) {
  using Kind = SiteDecision::Kind;
  const std::shared_ptr<const Sites> sites = this->sites();
  if (!sites) return routes_->handle(std::move(exchange));
  const HeadView& head = exchange->head();
  SiteDecision decision = sites->table.decide(head, exchange->server_name());
  switch (decision.kind) {
    case Kind::elsewhere:
      return routes_->handle(std::move(exchange));
    case Kind::bad_request:
      return send(*exchange, status_answer(400));
    case Kind::misdirected:
      return send(*exchange, status_answer(421));
    case Kind::redirect: {
      Answer answer = redirect(head.method, std::move(decision.location));
      sites->places[decision.site].front().dressing.dress(head, answer);
      return send(*exchange, std::move(answer));
    }
    case Kind::site:
      return answer_at(sites, sites->places[decision.site][decision.path], decision.beneath,
                       std::move(exchange));
  }
}

void SiteSink::answer_at(const std::shared_ptr<const Sites>& sites, const SitePlace& place,
                         std::string_view beneath, ExchangePtr exchange) {
  const HeadView& head = exchange->head();
  const auto respond = [&](Answer answer) {
    place.dressing.dress(head, answer);
    send(*exchange, std::move(answer));
  };
  if (std::optional<Answer> refusal = refusal_at(place, head)) return respond(std::move(*refusal));
  if (!has_contents(place.contents)) return routes_->handle(std::move(exchange));
  if (beneath == "*") return respond({{204, {}}, nullptr});
  if (place.files) {
    std::string_view path = head.resource.substr(0, head.resource.find('?'));
    if (path.empty()) path = "/";
    const std::string_view beneath_root = place.is_own() ? beneath : path;
    return respond(place.dressing.leaves_fields() ? place.files->ready_answer(head, beneath_root)
                                                  : place.files->answer(head, beneath_root));
  }
  ProxiedRequest request = proxied(place, head, beneath);
  request.dresser = [sites, &place](const HeadView& of, Answer& answer) {
    place.dressing.dress(of, answer);
  };
  place.proxy->handle(std::move(exchange), std::move(request));
}

}  // namespace autohttps
