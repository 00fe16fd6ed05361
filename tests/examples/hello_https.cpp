// A web site with HTTPS: hello_https example.com www.example.com
#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/auto_https.h>

#include "settings.h"

#include <pthread.h>

#include <csignal>
#include <iostream>
#include <thread>

namespace {

void serve(const example::Settings& settings) {
  autohttps::AutoHttps site({.domains = settings.domains,
                             .email = "me@example.com",
                             .agree_to_terms = true,
                             .server = settings.server,
                             .ca_bundle = settings.ca_bundle,
                             .limits = settings.limits,
                             .store = settings.store,
                             .http_port = settings.http_port,
                             .https_port = settings.https_port,
                             .on_event = example::print_event});
  site.routes().Get("/hello", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("hi", "text/plain");
  });

  // All that follows is for a clean end: site.serve() would do.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before there is any other thread
  site.bind();
  std::cout << "serving http on port " << site.http_port() << ", https on port "
            << site.https_port() << std::endl;
  std::jthread signals([&] {
    int signal = 0;
    sigwait(&ends, &signal);
    site.stop();
  });
  try {
    site.serve();
  } catch (...) {
    pthread_kill(signals.native_handle(), SIGTERM);
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(example::read_settings(argc, argv));
  } catch (const autohttps::Error& error) {
    std::cerr << error.what() << '\n' << error.hint() << '\n';
    return 1;
  }
}
