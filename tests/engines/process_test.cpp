// An engine that hangs ends with `kvspec check`, however that ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include "tests/golden/command_line.hpp"

namespace kvspec::engines {
namespace {

// Far more than anything here takes; a test that waits as long has failed.
constexpr std::chrono::seconds patience{60};

template <class Done>
bool wait_until(Done&& done) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// A process that has ended and that nobody has asked for yet does not run any more.
bool runs(pid_t process) {
  const std::string stat = golden::read_file("/proc/" + std::to_string(process) + "/stat");
  const std::size_t state = stat.rfind(") ");
  return state != stat.npos && stat[state + 2] != 'Z' && stat[state + 2] != 'X';
}

pid_t start_check(const std::string& script) {
  const pid_t process = fork();
  if (process != 0) return process;
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  const int nothing = open("/dev/null", O_RDWR);
  for (const int stream : {0, 1, 2}) dup2(nothing, stream);
  execl(KVSPEC_COMMAND, "kvspec", "check", "--start-limit", "600", "--", "sh", script.c_str(), nullptr);
  _exit(EXIT_FAILURE);
}

// Ends a check whose engine writes the ids of its processes and hangs, and says which of them run on.
void expect_nothing_left(int signal, const std::string& hang) {
  const std::filesystem::path ids = golden::scratch() / "ids";
  const std::filesystem::path script = golden::scratch() / "engine.sh";
  std::filesystem::remove(ids);
  golden::write_file(script, hang + "echo $$ $! >" + ids.string() + ".part\nmv " + ids.string() + ".part " +
                                 ids.string() + "\nwhile :; do sleep 1; done\n");
  const pid_t check = start_check(script.string());
  ASSERT_GT(check, 0);
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(ids); })) << "the engine was not started";
  kill(check, signal);
  int status = 0;
  ASSERT_EQ(waitpid(check, &status, 0), check);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
  std::istringstream text(golden::read_file(ids));
  for (pid_t process = 0; text >> process;) {
    EXPECT_TRUE(wait_until([&] { return !runs(process); })) << process << " runs on after signal " << signal;
    if (runs(process)) kill(process, SIGKILL);
  }
}

TEST(EngineProcess, EndsWithAnInterruptedCheck) { expect_nothing_left(SIGINT, "sleep 600 &\n"); }
TEST(EngineProcess, EndsWithATerminatedCheck) { expect_nothing_left(SIGTERM, "sleep 600 &\n"); }
TEST(EngineProcess, EndsWithAKilledCheck) { expect_nothing_left(SIGKILL, ""); }

}  // namespace
}  // namespace kvspec::engines
