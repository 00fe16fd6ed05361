#include <autohttps/tools/autohttps/challenge_front.h>

#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tools/autohttps/probe.h>
#include <autohttps/tools/autohttps/store_owner.h>

namespace autohttps::tools {
namespace {

std::string ways_out(const std::string& holder, std::uint16_t port) {
  const std::string who = holder.empty() ? "the process that holds it" : holder;
  return "is it a web server? then let it answer: autohttps obtain ... --webroot DIR, its document "
         "root\nor stop " +
         who + " while this runs\nor listen elsewhere with --http-port PORT and have port " +
         std::to_string(port) + " forwarded there";
}

OwnedFd listen_as_root(const std::string& bind_address, std::uint16_t port) {
  const AsRoot as_root;
  return listen_tcp(bind_address, port);
}

}  // namespace

ChallengeFront::ChallengeFront(AutoCertificates& certificates, const std::string& bind_address,
                               std::uint16_t port, Output& output) {
  try {
    port80_ = std::make_unique<Port80>(certificates.answers(), listen_as_root(bind_address, port));
    port80_->start();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::port) throw;
    const std::string holder = port_holder(port);
    if (!answers_from_our_store(certificates, bind_address, port)) {
      throw Error(ErrorCode::port, error.what(), ways_out(holder, port));
    }
    output.step("port " + std::to_string(port) + " is held by " +
                (holder.empty() ? "a server" : holder) + ", which answers for this store");
  }
}

ChallengeFront::~ChallengeFront() = default;

}  // namespace autohttps::tools
