#include <autohttps/acme/management/process_hooks.h>

#include <autohttps/common/child_process.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace autohttps::acme {
namespace {

using End = ProcessResult::End;

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kLongestFact = 4000;  // far below what the kernel allows for one string

struct User {
  std::string name;  // or the number
  std::string home = "/";
};

User user_of(uid_t id) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  User user{std::to_string(id)};
  if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    user.name = entry.pw_name;
    if (entry.pw_dir != nullptr && *entry.pw_dir == '/') user.home = entry.pw_dir;
  }
  return user;
}

struct stat status_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw_errno(ErrorCode::storage, "looking at \"" + path.string() + "\"", errno);
  }
  return status;
}

// Real, effective and saved user.
struct Ourselves {
  uid_t real = 0, effective = 0, saved = 0;
  Ourselves() { ::getresuid(&real, &effective, &saved); }
  bool can_be_root() const { return real == 0 || effective == 0 || saved == 0; }
};

// A program that others may rewrite is theirs: root does not run it.
void check_roots_program(const std::filesystem::path& program) {
  struct stat status {};
  // Where we, acting as the store's owner, may not even look, that user cannot write either; what
  // is not there, exec says.
  if (::stat(program.c_str(), &status) != 0) return;
  if (status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  throw Error(ErrorCode::permission,
              "root does not run \"" + program.string() + "\": others than root can write to it",
              "chown root:root " + program.string() + "; chmod go-w " + program.string());
}

HookReply reply_of(const ProcessResult& result, std::chrono::milliseconds limit) {
  HookReply reply;
  reply.exit_code = result.exit_code;
  reply.output = result.output;
  if (result.succeeded()) return reply;
  reply.end = result.end == End::canceled ? HookReply::End::canceled : HookReply::End::failed;
  if (result.end == End::exited) {
    reply.why = "exit " + std::to_string(result.exit_code);
  } else if (result.end == End::signaled) {
    reply.why = "ended by signal " + std::to_string(result.signal);
  } else {
    reply.why = "took longer than " +
                std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) + " s";
  }
  return reply;
}

HookReply not_run(const std::string& why) { return {HookReply::End::failed, 127, why, {}}; }

}  // namespace

std::filesystem::path hook_program(const std::string& word, const std::filesystem::path& folder) {
  if (word.starts_with('/')) return word;
  std::error_code ignored;
  std::filesystem::path path = folder / word;
  if (!folder.empty() && std::filesystem::is_regular_file(path, ignored)) return path;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::config, "there is no ready hook \"" + printable(word, 100) + "\"",
              known.empty() ? "give the program's whole path, as in /usr/local/bin/" + word
                            : "there are: " + known + "; or give a program's whole path");
}

std::vector<std::string> hook_environment(const HookCall& call, const std::filesystem::path& store,
                                          const std::string& home) {
  std::vector<std::string> all = {std::string("PATH=") + kPath, "LANG=C.UTF-8", "HOME=" + home};
  const auto add = [&](const char* name, const std::string& value) {
    all.push_back(std::string("AUTOHTTPS_") + name + "=" + value);
  };
  std::string names;
  for (const Identifier& name : call.names) names += (names.empty() ? "" : " ") + name.value;
  add("HOOK", std::string(hook_kind_name(call.kind)));
  add("CERTIFICATE", call.certificate);
  add("NAMES", names);
  if (call.generation != 0) {
    const std::filesystem::path files = store / "certificates" / call.certificate / "current";
    add("FULLCHAIN", (files / "fullchain.pem").string());
    add("CHAIN", (files / "chain.pem").string());
    add("CERT", (files / "cert.pem").string());
    add("PRIVKEY", (files / "privkey.pem").string());
    add("GENERATION", std::to_string(call.generation));
  }
  if (call.not_after) add("NOT_AFTER", format_rfc3339(*call.not_after));
  add("CAUSE", call.cause);
  add("STAGING", call.staging ? "1" : "0");
  add("DRY_RUN", call.dry_run ? "1" : "0");
  if (call.failure) {
    add("ERROR_CODE", printable(call.failure->code, kLongestFact));
    add("ERROR", printable(call.failure->text, kLongestFact));
    add("HINT", printable(call.failure->hint, kLongestFact));
    if (call.next_attempt) add("NEXT_ATTEMPT", format_rfc3339(*call.next_attempt));
  }
  return all;
}

std::string ProcessHooks::obstacle(std::optional<std::uint32_t> owner) const {
  const Ourselves we;
  if (we.can_be_root()) return {};
  uid_t user = we.effective;
  if (owner) {
    user = *owner;
  } else {
    struct stat status {};
    if (::stat(options_.store.c_str(), &status) == 0) user = status.st_uid;
  }
  if (user == we.effective) return {};
  return "it belongs to " + user_of(user).name + ", and this process is " +
         user_of(we.effective).name;
}

HookReply ProcessHooks::run(const HookCall& call, std::stop_token stop) {
  try {
    ProcessOptions options;
    options.limit = options_.limit;
    options.arguments = split_command(call.command);
    const std::filesystem::path program = hook_program(options.arguments.front(), options_.folder);
    options.arguments.front() = program.string();
    const struct stat store = status_of(options_.store);
    const uid_t user = call.owner ? *call.owner : store.st_uid;
    const Ourselves we;
    if (we.can_be_root()) {
      options.run_as = RunAs::user_of(user, call.owner ? *call.owner : store.st_gid);
      if (user == 0) check_roots_program(program);
    }
    options.environment = hook_environment(call, options_.store, user_of(user).home);
    return reply_of(run_process(options, std::move(stop)), options_.limit);
  } catch (const std::system_error& error) {
    const int number = error.code().value();
    return not_run("it could not be started: " +
                   (number == ENOENT ? std::string("no such program, or no such interpreter")
                                     : std::generic_category().message(number)));
  } catch (const Error& error) {
    return not_run(std::string(error.what()) + (error.hint().empty() ? "" : " (") + error.hint() +
                   (error.hint().empty() ? "" : ")"));
  }
}

}  // namespace autohttps::acme
