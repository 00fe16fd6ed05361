#include <autohttps/acme/challenges/webroot_http01.h>

#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/error.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

namespace autohttps::acme {
namespace {

constexpr std::array<const char*, 2> kFolders = {".well-known", "acme-challenge"};
constexpr mode_t kFolderMode = 0755;  // the other web server's user reads what we write
constexpr mode_t kFileMode = 0644;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

std::string in_quotes(const std::filesystem::path& path) {
  return "\"" + printable(path.string()) + "\"";
}

[[noreturn]] void fail(const std::string& doing, int error_number) {
  throw_errno(ErrorCode::config, doing, error_number,
              "the folder must be the document root of the web server on port 80, and writable for "
              "this user");
}

OwnedFd open_root(const std::filesystem::path& root) {
  OwnedFd folder(::open(root.c_str(), kFolderFlags));
  if (!folder) fail("opening the webroot " + in_quotes(root), errno);
  return folder;
}

// One part after the other, none through a symlink: whoever may write below the root must not lead
// us out of it (RELIABILITY F34). The root itself is the user's own word and may be one.
OwnedFd open_part(const OwnedFd& parent, const char* name, bool make,
                  const std::filesystem::path& path) {
  const auto open = [&] {
    return OwnedFd(::openat(parent.get(), name, kFolderFlags | O_NOFOLLOW));
  };
  OwnedFd folder = open();
  if (!folder && errno == ENOENT && make) {
    if (::mkdirat(parent.get(), name, kFolderMode) != 0 && errno != EEXIST) {
      fail("making the folder " + in_quotes(path), errno);
    }
    folder = open();
    if (folder) ::fchmod(folder.get(), kFolderMode);  // whatever the umask is
  }
  if (folder) return folder;
  if (errno == ELOOP || errno == ENOTDIR) {
    throw Error(ErrorCode::config, in_quotes(path) + " is not a folder of the webroot itself",
                "replace the symlink or file by a folder, or give the folder it leads to");
  }
  fail("opening the folder " + in_quotes(path), errno);
}

OwnedFd open_answers(const std::filesystem::path& root, bool make) {
  OwnedFd folder = open_root(root);
  std::filesystem::path path = root;
  for (const char* name : kFolders) {
    path /= name;
    folder = open_part(folder, name, make, path);
  }
  return folder;
}

// After a crash the order is taken up again and asks for the same token: our own answer is there.
bool is_our_answer(const OwnedFd& folder, const std::string& token, const std::string& answer) {
  const OwnedFd file(
      ::openat(folder.get(), token.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return false;
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || status.st_uid != ::geteuid())
    return false;
  std::string found(answer.size() + 1, '\0');
  const ssize_t count = ::read(file.get(), found.data(), found.size());
  return count >= 0 && std::string_view(found).substr(0, static_cast<std::size_t>(count)) == answer;
}

void write_all(const OwnedFd& file, std::string_view bytes, const std::string& doing) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno(ErrorCode::storage, doing, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

class WebrootAnswer final : public Presentation {
 public:
  WebrootAnswer(std::filesystem::path root, std::string token)
      : root_(std::move(root)), token_(std::move(token)) {}
  ~WebrootAnswer() override {
    try {
      ::unlinkat(open_answers(root_, false).get(), token_.c_str(), 0);
    } catch (const std::exception&) {
      // The folder is gone or was replaced: then the answer is no longer there either.
    }
  }

 private:
  std::filesystem::path root_;
  std::string token_;
};

}  // namespace

WebrootHttp01::WebrootHttp01(std::filesystem::path root) : root_(std::move(root)) {
  open_root(root_);
}

std::optional<std::string> WebrootHttp01::obstacle(const Identifier& name) const {
  if (name.is_wildcard()) return "a wildcard needs a DNS challenge";
  return std::nullopt;
}

std::unique_ptr<Presentation> WebrootHttp01::present(const ChallengeContext& context,
                                                     std::stop_token) {
  const std::string& token = context.token;
  if (!is_token(token)) {
    throw Error(ErrorCode::protocol,
                "answering for \"" + context.identifier.value + "\": the CA's token is not one");
  }
  const OwnedFd folder = open_answers(root_, true);
  const std::string doing = "writing " + in_quotes(root_ / kFolders[0] / kFolders[1] / token);
  const OwnedFd file(::openat(folder.get(), token.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!file && errno == EEXIST) {
    if (!is_our_answer(folder, token, context.key_authorization)) {
      throw Error(ErrorCode::config, doing + ": something else is there already",
                  "remove it, and see who else writes into this folder");
    }
    return std::make_unique<WebrootAnswer>(root_, token);
  }
  if (!file) fail(doing, errno);
  auto answer = std::make_unique<WebrootAnswer>(root_, token);  // from here on it is taken down
  write_all(file, context.key_authorization, doing);
  ::fchmod(file.get(), kFileMode);  // whatever the umask is
  return answer;
}

}  // namespace autohttps::acme
