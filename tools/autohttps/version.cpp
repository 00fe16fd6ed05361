#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/report.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

namespace autohttps::tools {

Exit version(const Settings& settings, Output& output) {
  const std::string openssl = OpenSSL_version(OPENSSL_VERSION_STRING);
  const std::string curl = curl_version_info(CURLVERSION_NOW)->version;
  if (settings.json) {
    Json object = answer("version");
    object["autohttps"] = AUTOHTTPS_VERSION;
    object["openssl"] = openssl;
    object["libcurl"] = curl;
    object["cpp_httplib"] = CPPHTTPLIB_VERSION;
    output.result(to_text(object));
    return Exit::done;
  }
  output.result("autohttps " AUTOHTTPS_VERSION " (OpenSSL " + openssl + ", libcurl " + curl +
                ", cpp-httplib " CPPHTTPLIB_VERSION ")");
  return Exit::done;
}

}  // namespace autohttps::tools
