#include <autohttps/acme/store/hook_process.h>

#include <autohttps/acme/store/hooks.h>
#include <autohttps/common/child_process.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace autohttps::acme {
namespace {

using End = ProcessResult::End;

constexpr std::size_t kOutputKept = 2000;  // on disk and in messages
constexpr std::size_t kLastLine = 300;
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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

HookReply not_run(const std::string& why) { return {HookReply::End::failed, 127, why, {}, false}; }

}  // namespace

std::chrono::minutes wait_after_hook(int tries) noexcept {
  if (tries <= 1) return std::chrono::minutes(1);
  if (tries == 2) return std::chrono::minutes(10);
  return tries == 3 ? std::chrono::minutes(60) : kLongestHookWait;
}

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

std::string HookProcess::obstacle(std::optional<std::uint32_t> owner) const {
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

HookReply HookProcess::run(const HookCommandLine& line, std::stop_token stop) const {
  try {
    ProcessOptions options;
    options.limit = options_.limit;
    options.arguments = split_command(line.command);
    const std::filesystem::path program = hook_program(options.arguments.front(), options_.folder);
    options.arguments.front() = program.string();
    options.arguments.insert(options.arguments.end(), line.arguments.begin(), line.arguments.end());
    const struct stat store = status_of(options_.store);
    const uid_t user = line.owner ? *line.owner : store.st_uid;
    const Ourselves we;
    if (we.can_be_root()) {
      options.run_as = RunAs::user_of(user, line.owner ? *line.owner : store.st_gid);
      if (user == 0) check_roots_program(program);
    }
    options.environment = {std::string("PATH=") + kPath, "LANG=C.UTF-8",
                           "HOME=" + user_of(user).home};
    options.environment.insert(options.environment.end(), line.facts.begin(), line.facts.end());
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

std::string hook_output_tail(const std::string& output) {
  const bool cut = output.size() > kOutputKept;
  // Line by line: a line's end is the only control byte that means something here.
  std::string text;
  for (const std::string_view line :
       split(std::string_view(output).substr(cut ? output.size() - kOutputKept : 0), '\n')) {
    text += (text.empty() ? "" : "\n") + printable(line, kOutputKept);
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string last_line(const std::string& text) {
  const std::size_t newline = text.rfind('\n');
  return printable(newline == std::string::npos ? text : text.substr(newline + 1), kLastLine);
}

}  // namespace autohttps::acme
