// The program `autohttps`: reads the line, calls the command, prints what stopped it.
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/command_line.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/first_process.h>
#include <autohttps/tools/autohttps/help.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace autohttps;
using namespace autohttps::tools;

const char* environment(const char* name) { return std::getenv(name); }

Exit run_configured(Verb verb, const Config& config, Output& output) {
  switch (verb) {
    case Verb::setup:
      return setup(config, output);
    case Verb::obtain:
      return obtain(config, output);
    case Verb::renew:
      return renew(config, output);
    case Verb::serve:
      return serve(config, output);
    case Verb::status:
      return status(config.global, output);
    case Verb::list:
      return list(config.global, output);
    case Verb::retry:
      return retry(config.global, output);
    case Verb::promote:
      return promote(config, output);
    case Verb::history:
      return history(config.global, output);
    case Verb::rollback:
      return rollback(config, output);
    case Verb::hook:
      return hook(config, output);
    case Verb::dns_persist:
      return dns_persist(config, output);
    case Verb::account:
      return account(config.global, output);
    case Verb::revoke:
      return revoke(config.global, output);
    case Verb::remove:
      return remove(config.global, output);
    case Verb::uninstall:
      return uninstall(config.global, output);
    case Verb::config:
    case Verb::completion:
    case Verb::version:
      break;  // read no configuration before
  }
  return Exit::usage;
}

// A site with a mistake stops nobody from looking at the others and keeping them good; it stops a
// `serve` that begins, since there is somebody to mend it.
Exit run(const Command& command, Output& output) {
  const Verb verb = *command.verb;
  if (verb == Verb::version) return version(command.settings, output);
  if (verb == Verb::completion) return completion(command.settings, output);
  if (verb == Verb::config) return config_check(command.settings, output);
  const Config config = read_config(command.settings);
  for (const std::string& path : config.closed) {
    output.warning("\"" + path + "\" may not be read by this user: not looked at");
  }
  if (auto problem = problem_of(config)) {
    if (verb == Verb::serve || !config.sound) throw Error(*std::move(problem));
    output.warning(problem->what(), problem->hint());
  }
  return run_configured(verb, config, output);
}

Output make_output(const Settings& settings, const std::optional<Verb>& verb, int& lost) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  SystemLog log;  // of what runs by itself; a script sees what else fails
  if (verb == Verb::renew || verb == Verb::serve) log = system_log(terminal, environment);
  return Output(write_to(STDOUT_FILENO, &lost), write_to(STDERR_FILENO),
                {.look = look_of(terminal, environment),
                 .quiet = settings.quiet,
                 .verbose = settings.verbose,
                 .failures_come_later = verb == Verb::obtain || verb == Verb::renew ||
                                        verb == Verb::setup || verb == Verb::promote,
                 .log = std::move(log)});
}

// --json keeps its promise of one object when the command did not get as far as an outcome.
Exit stopped(const Error& error, const std::string& command, bool json, Output& output) {
  if (json) {
    Json object = answer(command);
    object["action"] = action_name(acme::Outcome::Action::failed);
    object["error"] = error_json(error);
    output.result(to_text(object));
  }
  output.error(error);
  return exit_of(error.code());
}

Exit help(const Command& command, bool asked, Output& output) {
  const std::string text = command.verb ? help_text(*command.verb) : overview();
  if (asked) {
    output.result(text);
    return Exit::done;
  }
  write_to(STDERR_FILENO)(text);
  return Exit::usage;
}

// `lost`: as write_to() says of standard output.
Exit run_line(const std::vector<std::string>& words, int& lost) {
  Command command;
  bool json = std::ranges::count(words, "--json") > 0;
  try {
    command = parse_command_line(words, environment);
  } catch (const Error& error) {
    Output output = make_output(command.settings, std::nullopt, lost);
    return stopped(error, words.empty() ? "" : words.front(), json, output);
  }
  json = command.settings.json;
  Output output = make_output(command.settings, command.verb, lost);
  if (command.settings.help) return help(command, !words.empty(), output);
  const std::string name(info(*command.verb).name);
  try {
    if (takes(*command.verb, *find_option("store"))) {
      hide_memory();
      settle_store(command.settings);
    }
    return run(command, output);
  } catch (const Error& error) {
    return stopped(error, name, json, output);
  } catch (const std::exception& error) {
    return stopped(Error(ErrorCode::internal, error.what(), "please report this"), name, json,
                   output);
  }
}

// A script that was given half an answer has to hear of it.
Exit run_and_tell(const std::vector<std::string>& words) {
  int lost = 0;
  const Exit exit = run_line(words, lost);
  if (lost == 0 || (exit != Exit::done && exit != Exit::changed)) return exit;
  make_output({}, std::nullopt, lost)
      .error(Error(ErrorCode::storage,
                   "writing to standard output: " + std::generic_category().message(lost),
                   "what the command does is done; make room where its output goes to have that"));
  return Exit::local;
}

}  // namespace

// Distributions' libcurl brings GnuTLS in for a protocol that is never used here, and its
// constructor costs a megabyte and milliseconds in every run. This is how GnuTLS lets a program say
// so (GNUTLS_SKIP_GLOBAL_INIT in gnutls.h); without GnuTLS it means nothing.
extern "C" int _gnutls_global_init_skip();  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c)
extern "C" int _gnutls_global_init_skip() { return 1; }  // NOLINT(bugprone-reserved-identifier)

int main(int count, char** words) {
  hold_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error to handle, not a death
  const auto work = [&] {
    try {
      return static_cast<int>(run_and_tell(std::vector<std::string>(words + 1, words + count)));
    } catch (const std::exception&) {
      return static_cast<int>(Exit::failed);  // out of memory while saying so
    }
  };
  return ::getpid() == 1 ? run_as_first_process(work) : work();
}
