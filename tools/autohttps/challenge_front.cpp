#include <autohttps/tools/autohttps/challenge_front.h>

#include <autohttps/common/error.h>
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/server/httplib/listener.h>
#include <autohttps/server/sites/challenge_responder.h>
#include <autohttps/tools/autohttps/probe.h>

#include <thread>

namespace autohttps::tools {

struct ChallengeFront::Listener {
  HttpServer server;
  std::jthread thread;

  Listener(const ChallengeAnswers& answers, OwnedFd listening) {
    server.set_pre_routing_handler(
        [&answers](const httplib::Request& request, httplib::Response& response) {
          if (const auto answer = challenge_answer(answers, request.target)) {
            response.set_content(*answer, "text/plain");
          } else {
            response.status = 404;
          }
          return httplib::Server::HandlerResponse::Handled;
        });
    server.adopt(std::move(listening));
    thread = std::jthread([this] { server.serve_adopted(); });
  }
  ~Listener() { server.stop(); }
};

ChallengeFront::ChallengeFront(AutoCertificates& certificates, const std::string& bind_address,
                               std::uint16_t port, Output& output) {
  try {
    listener_ = std::make_unique<Listener>(certificates.answers(), listen_tcp(bind_address, port));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::port) throw;
    if (!answers_from_our_store(certificates, bind_address, port)) throw;
    const std::string holder = port_holder(port);
    output.step("port " + std::to_string(port) + " is held by " +
                (holder.empty() ? "a server" : holder) + ", which answers for this store");
  }
}

ChallengeFront::~ChallengeFront() = default;

}  // namespace autohttps::tools
