#include <autohttps/tools/autohttps/challenge_front.h>

#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/server/auto_https/port443.h>
#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tools/autohttps/probe.h>
#include <autohttps/tools/autohttps/store_owner.h>

#include <utility>

namespace autohttps::tools {
namespace {

constexpr std::string_view kHttpPort = "--http-port";

// A CA asks a few times from a few places.
EngineLimits one_thread() {
  EngineLimits limits;
  limits.leaders = 1;
  return limits;
}

std::string who_holds(std::uint16_t port, const std::string& otherwise) {
  const std::string holder = port_holder(port);
  return holder.empty() ? otherwise : holder;
}

std::string ways_out(std::string_view option, std::uint16_t port) {
  std::string text;
  if (option == kHttpPort) {
    text =
        "is it a web server? then let it answer: autohttps obtain ... --webroot DIR, its "
        "document root\nor ";
  }
  return text + "stop " + who_holds(port, "the process that holds it") +
         " while this runs\nor listen elsewhere with " + std::string(option) +
         " PORT and have port " + std::to_string(port) + " forwarded there";
}

OwnedFd listen_as_root(const std::string& bind_address, std::uint16_t port) {
  const AsRoot as_root;
  return listen_tcp(bind_address, port);
}

bool is_ports_trouble(const Error& error) {
  return error.code() == ErrorCode::port || error.code() == ErrorCode::permission;
}

// "port 80 is held by nginx (pid 812)"
std::string in_short(const Error& error, std::uint16_t port) {
  const std::string number = std::to_string(port);
  if (error.code() == ErrorCode::permission) return "no right to listen on port " + number;
  const std::string holder = port_holder(port);
  return holder.empty() ? error.what() : "port " + number + " is held by " + holder;
}

}  // namespace

ChallengeFront::ChallengeFront(AutoCertificates& certificates, const Settings& where,
                               Output& output)
    : certificates_(certificates),
      bind_(where.bind),
      http_{"http-01", kHttpPort, where.http_port},
      https_{"tls-alpn-01", "--https-port", where.https_port},
      output_(output) {}

ChallengeFront::~ChallengeFront() = default;

void ChallengeFront::open(Door door) {
  if (door == Door::http || door == Door::either || door == Door::both) {
    const auto listen = [this](OwnedFd socket) {
      port80_ = std::make_unique<Port80>(certificates_.answers(), std::move(socket), one_thread());
      port80_->start();
    };
    try_way(http_, listen, answers_from_our_store);
  }
  if (door == Door::https || door == Door::both || (door == Door::either && http_.trouble)) {
    const auto listen = [this](OwnedFd socket) {
      port443_ = std::make_unique<Port443>(certificates_.answers(), std::move(socket));
      port443_->start();
    };
    try_way(https_, listen, answers_acme_tls_from_our_store);
  }
  check(door);
}

void ChallengeFront::check(Door door) const {
  if (door == Door::http && http_.trouble) throw *http_.trouble;
  if (door == Door::https && https_.trouble) throw *https_.trouble;
  if (door == Door::none || !http_.trouble || !https_.trouble) return;
  throw Error(http_.trouble->code(),
              "no challenge can be answered: http-01: " + std::string(http_.trouble->what()) +
                  "; tls-alpn-01: " + https_.trouble->what(),
              http_.trouble->hint() + "\nor prove the names by DNS: --dns-hook COMMAND");
}

template <typename Listen>
void ChallengeFront::try_way(Way& way, Listen listen,
                             bool (*answers)(AutoCertificates&, const std::string&,
                                             std::uint16_t)) {
  if (std::exchange(way.tried, true)) return;
  acme::AnsweringWays& ways = certificates_.ways();
  try {
    listen(listen_as_root(bind_, way.port));
    ways.open(way.type);
  } catch (const Error& error) {
    if (!is_ports_trouble(error)) throw;
    if (error.code() == ErrorCode::port && answers(certificates_, bind_, way.port)) {
      output_.step("port " + std::to_string(way.port) + " is held by " +
                   who_holds(way.port, "a server") + ", which answers for this store");
      return ways.open(way.type);
    }
    ways.close(way.type, in_short(error, way.port));
    const bool taken = error.code() == ErrorCode::port;
    way.trouble = taken ? Error(error.code(), error.what(), ways_out(way.option, way.port)) : error;
  }
}

}  // namespace autohttps::tools
