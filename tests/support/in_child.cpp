#include <autohttps/common/files.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/support/in_child.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>

namespace autohttps {
namespace {

std::string outcome_of(const std::function<std::string()>& part) {
  try {
    return part();
  } catch (const std::exception& error) {
    return std::string("threw: ") + error.what();
  }
}

}  // namespace

std::string in_child(const std::function<std::string()>& part) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_system_error("pipe2");
  OwnedFd reading(ends[0]);
  OwnedFd writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw_system_error("fork");
  if (child == 0) {
    write_all(writing.get(), outcome_of(part));
    ::_exit(0);  // no destructors, no exit handlers: they are the parent's
  }
  writing.reset();
  std::string outcome;
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = ::read(reading.get(), buffer.data(), buffer.size())) > 0;) {
    outcome.append(buffer.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) outcome += "ended by signal " + std::to_string(WTERMSIG(status));
  return outcome;
}

}  // namespace autohttps
