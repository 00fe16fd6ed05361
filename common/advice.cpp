#include <autohttps/common/advice.h>

namespace autohttps {

Advice advice_for(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::config:
      return {"what was asked for cannot be",
              "correct the command or the configuration that the text quotes; `autohttps COMMAND "
              "--help` shows what there is"};
    case ErrorCode::storage:
      return {"the store could not be read or written; what it held before is still there",
              "check that the disk of the store has room and is writable (df -h, mount), then run "
              "the command again"};
    case ErrorCode::locked:
      return {"another process works on the same certificate",
              "wait for the process that the text names, or give --lock-timeout more seconds"};
    case ErrorCode::permission:
      return {"the operating system does not let this user do it",
              "run the command as the store's owner or as root (sudo autohttps ...)"};
    case ErrorCode::port:
      return {"a port that is needed is in use or cannot be bound",
              "stop the program that holds the port (ss -ltnp shows it), or use --webroot with a "
              "running web server"};
    case ErrorCode::network:
      return {"the CA was not reached",
              "check this machine's internet connection, its name servers and any proxy between "
              "(--ca-proxy); the attempt is made again by itself"};
    case ErrorCode::protocol:
      return {"what answered does not follow ACME (RFC 8555), or what was read is damaged",
              "check --server: it must be the URL of an ACME directory; if it is, try again later "
              "or ask the CA"};
    case ErrorCode::refused:
      return {"the CA refused what was asked of it",
              "do what the CA's words in the text say, then try again: autohttps retry NAME"};
    case ErrorCode::validation:
      return {
          "the CA looked for proof that the name is yours and did not find it",
          "check that the name's A and AAAA records lead to this machine and that port 80 "
          "(for tls-alpn-01: 443) is open to the internet, then try again: autohttps retry NAME"};
    case ErrorCode::rate_limited:
      return {"the CA, or our own limit that keeps us below the CA's, allows no more for now",
              "wait until the time that is told; the attempt is made then by itself"};
    case ErrorCode::deferred:
      return {"an attempt failed a short while ago, and it is not time for the next one",
              "`autohttps retry NAME` tries again at once"};
    case ErrorCode::crypto:
      return {"a key or a certificate is unusable, or the two do not belong together",
              "issue a new one with a new key: autohttps renew --force NAME"};
    case ErrorCode::hook:
      return {
          "a command of yours, run before or after an attempt, failed; the certificate is not "
          "touched by that",
          "mend what the command's own output says, then run it alone: autohttps hook test "
          "NAME"};
    case ErrorCode::canceled:
      return {"stopped from outside; nothing is wrong",
              "run the command again: it goes on where it was stopped"};
    case ErrorCode::internal:
      break;
  }
  return {"a bug of autohttps",
          "please report it with the text above and what `autohttps version` prints"};
}

std::string next_step(const Error& error) {
  return error.hint().empty() ? std::string(advice_for(error.code()).next_step) : error.hint();
}

}  // namespace autohttps
