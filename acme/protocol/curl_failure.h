// libcurl's failures in words for people (not installed: shows libcurl).
#pragma once

#include <autohttps/common/error.h>

#include <curl/curl.h>

#include <chrono>
#include <string>
#include <string_view>

namespace autohttps::acme {

// What is known of a request that failed.
struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string_view url;
  std::string_view detail;  // CURLOPT_ERRORBUFFER
  long verify_result = 0;   // CURLINFO_SSL_VERIFYRESULT: X509_V_ERR_...
  long os_errno = 0;        // CURLINFO_OS_ERRNO
  std::chrono::seconds timeout{0};
  bool own_bundle = false;  // --ca-bundle was given
};

// Error(network), or Error(protocol) when something answered that does not speak HTTP.
Error describe_failure(const CurlFailure&);

}  // namespace autohttps::acme
