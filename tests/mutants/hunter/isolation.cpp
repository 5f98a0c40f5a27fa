#include "tests/mutants/hunter/isolation.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace kvspec::mutants {
namespace {

// Enough for every subject that works; one that asks for more has lost count.
constexpr rlim_t most_memory = rlim_t{4} << 30;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(file, text.data() + done, text.size() - done);
    if (count < 0) _exit(1);
    done += static_cast<std::size_t>(count);
  }
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

[[noreturn]] void be_the_child(int file, double seconds, const std::function<std::string()>& work) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const rlimit memory{most_memory, most_memory};
  setrlimit(RLIMIT_AS, &memory);
  // Last words of the standard library: the signal says as much.
  if (const int nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  may_run_for(seconds);
  write_all(file, work());
  _exit(0);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

void may_run_for(double seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(timer.it_value.tv_sec)) * 1e6) + 1;
  setitimer(ITIMER_PROF, &timer, nullptr);
}

Ending isolated(double seconds, const std::function<std::string()>& work) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) fail("pipe");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    close(pipe_ends[0]);
    be_the_child(pipe_ends[1], seconds, work);
  }
  close(pipe_ends[1]);
  Ending ending{.answered = false, .answer = read_all(pipe_ends[0]), .signal = 0};
  close(pipe_ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail("waitpid");
  }
  ending.answered = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  ending.signal = WIFSIGNALED(status) ? WTERMSIG(status) : ending.answered ? 0 : SIGABRT;
  return ending;
}

double processor_seconds() {
  rusage own{};
  rusage children{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  return seconds_of(own.ru_utime) + seconds_of(own.ru_stime) + seconds_of(children.ru_utime) +
         seconds_of(children.ru_stime);
}

std::string text_of_signal(int signal) {
  if (signal == SIGPROF) return "hang";
  if (signal == SIGABRT) return "abort";
  return std::string("crash (") + strsignal(signal) + ")";
}

void* map_shared(std::size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  return memory;
}

void unmap_shared(void* memory, std::size_t size) { munmap(memory, size); }

}  // namespace kvspec::mutants
