// A server of one's own on plain OpenSSL, with certificates that obtain, renew and swap themselves:
// AutoCertificates fills a CertificateCache, attach() puts it on the SSL_CTX, and HTTP-01 is
// answered by whatever has port 80. No line of autohttps's own server is in this program.
#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/common/error.h>
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/challenge_loads.h>

#include "settings.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string_view>
#include <thread>

namespace {

int listen_on(std::uint16_t& port) {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 128) != 0) {
    throw autohttps::Error(autohttps::ErrorCode::port, "cannot listen on " + std::to_string(port));
  }
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin6_port);
  return fd;
}

void limit_waiting(int fd) {
  const timeval most{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

// Port 80: "GET /.well-known/acme-challenge/TOKEN HTTP/1.1" (RFC 8555 8.3).
void answer_challenge(int fd, const autohttps::ChallengeAnswers& answers) {
  char request[4096];
  const ssize_t got = recv(fd, request, sizeof request, 0);
  const std::string_view line(request, got > 0 ? static_cast<std::size_t>(got) : 0);
  constexpr std::string_view kBefore = "GET /.well-known/acme-challenge/";
  std::string body;
  if (line.starts_with(kBefore)) {
    const std::string_view rest = line.substr(kBefore.size());
    const std::string_view token = rest.substr(0, rest.find(' '));
    if (autohttps::is_token(token)) body = answers.key_authorization(token).value_or("");
  }
  const std::string head = body.empty() ? "HTTP/1.1 404 Not Found" : "HTTP/1.1 200 OK";
  const std::string response = head + "\r\nContent-Length: " + std::to_string(body.size()) +
                               "\r\nConnection: close\r\n\r\n" + body;
  send(fd, response.data(), response.size(), 0);
}

// Port 443: one request, one answer.
void say_hello(int fd, SSL_CTX* context) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context), &SSL_free);
  SSL_set_fd(ssl.get(), fd);
  char request[16384];
  int accepted = 0;
  // Suspended while what a CA asks for is read from the store.
  do {
    accepted = SSL_accept(ssl.get());
  } while (SSL_get_error(ssl.get(), accepted) == SSL_ERROR_WANT_CLIENT_HELLO_CB &&
           autohttps::wait_for_certificate(ssl.get(), std::chrono::seconds(10)));
  if (accepted == 1 && SSL_read(ssl.get(), request, sizeof request) > 0) {
    constexpr std::string_view kHello =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    SSL_write(ssl.get(), kHello.data(), static_cast<int>(kHello.size()));
    SSL_shutdown(ssl.get());
  }
  ERR_clear_error();
}

template <typename Handler>
void accept_all(int listening, Handler handle) {
  for (int fd = 0; (fd = accept(listening, nullptr, nullptr)) >= 0;) {
    limit_waiting(fd);
    std::thread([fd, handle] {
      handle(fd);
      shutdown(fd, SHUT_WR);
      close(fd);
    }).detach();
  }
}

void serve(example::Settings settings) {
  autohttps::AutoCertificates certificates({.domains = settings.domains,
                                            .agree_to_terms = true,
                                            .server = settings.server,
                                            .ca_bundle = settings.ca_bundle,
                                            .limits = settings.limits,
                                            .store = settings.store,
                                            .on_event = example::print_event});
  const auto cache = std::make_shared<autohttps::CertificateCache>();
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  autohttps::attach(context, cache);
  // Port 443 answers the CA too (TLS-ALPN-01).
  autohttps::ChallengeLoads challenges(certificates.answers());
  cache->on_challenge(
      [&](std::string_view name, auto ready) { return challenges.load(name, std::move(ready)); });
  certificates.ways().open("tls-alpn-01");

  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that clients have left

  const int http = listen_on(settings.http_port);
  const int https = listen_on(settings.https_port);
  const autohttps::ChallengeAnswers& answers = certificates.answers();
  std::thread([&] { accept_all(http, [&](int fd) { answer_challenge(fd, answers); }); }).detach();
  std::thread([=] { accept_all(https, [=](int fd) { say_hello(fd, context); }); }).detach();
  certificates.start(*cache);
  std::cout << "serving http on port " << settings.http_port << ", https on port "
            << settings.https_port << std::endl;
  int signal = 0;
  sigwait(&ends, &signal);
  certificates.stop();  // an order under way goes on at the next start
  std::_Exit(0);        // the connections' threads hold nothing that must be saved
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
