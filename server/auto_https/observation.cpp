#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/metrics.h>
#include <autohttps/server/auto_https/observation.h>

#include <utility>

namespace autohttps {

Observation::Observation(const AutoHttpsOptions& options, AutoCertificates& certificates)
    : bind_address_(options.bind_address), certificates_(certificates) {
  if (!options.access_log.empty()) {
    log_ = std::make_unique<AccessLog>(
        AccessLogOptions{options.access_log, options.access_log_format}, options.on_event);
  }
  if (options.metrics.empty()) return;
  facts_.emplace(certificates.certificates(), certificates.clock(),
                 [this] { return ask_own_port(bind_address_, server_->https_port); });
  metrics_ = std::make_unique<MetricsServer>(
      parse_metrics_address(options.metrics),
      MetricsAnswers{[this] { return tell(); },
                     [this] { return problems_of(facts_->look(), certificates_.clock().wall()); }});
}

std::function<void(const RequestRecord&)> Observation::logger() {
  if (!log_) return {};
  return [this](const RequestRecord& record) { log_->add(record); };
}

void Observation::begin(Server server) {
  server_.emplace(std::move(server));
  if (metrics_) metrics_->start();
}

std::string Observation::tell() {
  MetricsSources sources;
  sources.listeners = {{"https", &server_->https}, {"http", &server_->http}};
  sources.upstreams = server_->upstreams();
  sources.access_log = log_.get();
  sources.manager = &certificates_.manager();
  sources.swaps = swaps_;
  std::optional<std::vector<CertificateFact>> facts;
  try {
    facts = facts_->look();
    sources.certificates = &*facts;
  } catch (const Error&) {
    // The text says that the store cannot be read; everything else goes on.
  }
  return metrics_text(sources, certificates_.clock().wall());
}

void Observation::end() noexcept {
  if (metrics_) metrics_->stop();
}

void Observation::end_log() noexcept {
  if (log_) log_->stop();
}

void Observation::reopen_log() noexcept {
  if (log_) log_->reopen();
}

}  // namespace autohttps
