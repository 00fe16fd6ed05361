#include <autohttps/tools/autohttps/on_demand_question.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <curl/curl.h>

#include <memory>
#include <string>

namespace autohttps::tools {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kSeconds = 10;
constexpr const char* kHint = "until it answers, no certificate is had for new names";

struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};

std::size_t drop(char*, std::size_t one, std::size_t count, void*) { return one * count; }

bool ask(const std::string& url, const std::string& name) {
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  if (!easy) throw Error(ErrorCode::internal, "libcurl cannot be set up", {});
  // A name is letters, digits, dots and hyphens: nothing to be escaped.
  const std::string whole =
      url + (url.find('?') == std::string::npos ? "?" : "&") + "domain=" + name;
  curl_easy_setopt(easy.get(), CURLOPT_URL, whole.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(easy.get(), CURLOPT_USERAGENT, "autohttps");
  const CURLcode result = curl_easy_perform(easy.get());
  if (result != CURLE_OK) {
    throw Error(
        ErrorCode::network,
        "asking \"" + printable(url, 300) + "\" for " + name + ": " + curl_easy_strerror(result),
        kHint);
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return true;
  if (status >= 400 && status < 500) return false;
  throw Error(
      ErrorCode::network,
      "asking \"" + printable(url, 300) + "\" for " + name + ": status " + std::to_string(status),
      kHint);
}

}  // namespace

std::function<bool(const std::string& name)> on_demand_question(const std::string& url) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);  // thread-safe, once
  const std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (ready != CURLE_OK || scheme == 0 || url.size() == scheme ||
      url.find_first_of(" #\r\n\t") != std::string::npos) {
    throw Error(ErrorCode::config,
                "--on-demand-ask: \"" + printable(url, 300) + "\" is no http or https URL",
                "give an http or https URL: http://127.0.0.1:8080/may-have");
  }
  return [url](const std::string& name) { return ask(url, name); };
}

}  // namespace autohttps::tools
