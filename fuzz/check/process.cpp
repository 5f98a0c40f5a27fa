#include "fuzz/check/process.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>

#define BOOST_PROCESS_USE_STD_FS  // else it needs the compiled part of Boost.Filesystem
#include <boost/asio.hpp>
#include <boost/process.hpp>
#include <boost/process/async_pipe.hpp>
#include <boost/process/extend.hpp>
#include <system_error>
#include <thread>
#include <utility>

namespace kvspec::fuzz {

namespace {

namespace asio = boost::asio;
namespace bp = boost::process;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_last_words = 2000;  // bytes
constexpr std::array ending_signals = {SIGINT, SIGTERM, SIGHUP};

// The process group of the engine that runs, 0 if none does: what a signal handler has to know.
std::atomic<pid_t> running_group = 0;
static_assert(std::atomic<pid_t>::is_always_lock_free, "a signal handler reads it");

// An engine has a process group of its own, so that what ends this process from a terminal or a scheduler of jobs does
// not reach it; one that hangs would stay behind.
extern "C" void end_with_engine(int signal) {
  const pid_t group = running_group;
  if (group > 0) kill(-group, SIGKILL);
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void end_engine_with_this_process() {
  for (const int signal : ending_signals) {
    struct sigaction action{};
    const bool is_usual = sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
    if (is_usual) std::signal(signal, end_with_engine);  // else it is ignored, or handled already
  }
}

// Holds such signals back: one that came after an engine has begun and before its group is known would leave it behind.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : ending_signals) sigaddset(&held, signal);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { release(); }

  // Also in a child that inherits them as they are here.
  void release() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

struct EngineProcess::Parts {
  asio::io_context io{};
  bp::async_pipe input{io};
  bp::async_pipe output{io};
  bp::async_pipe errors{io};
  bp::group group{};  // an engine may be started by a script
  bp::child child{};
  std::string unread{};  // output
  std::string words{};   // standard error, its end
  std::string words_chunk = std::string(4096, '\0');

  // Reads standard error as it comes, so that the engine never waits for somebody to read it.
  void listen() {
    errors.async_read_some(asio::buffer(words_chunk), [this](const boost::system::error_code& error, std::size_t size) {
      words.append(words_chunk, 0, size);
      if (words.size() > 2 * most_last_words) words.erase(0, words.size() - most_last_words);
      if (!error) listen();
    });
  }

  // Runs what is ready until `done` says so or the time is over. Whether it was done.
  template <class Done>
  bool run_until(Clock::time_point end, Done&& done) {
    while (!done()) {
      if (io.stopped()) io.restart();
      if (io.run_one_until(end) > 0) continue;
      if (io.stopped()) std::this_thread::sleep_until(end);  // nothing is left that could be done before
      if (Clock::now() >= end) return done();
    }
    return true;
  }
};

std::unique_ptr<EngineProcess> EngineProcess::start(const std::vector<std::string>& command, std::string& why) {
  // A process that is gone must not take this one along when it is written to.
  std::signal(SIGPIPE, SIG_IGN);
  end_engine_with_this_process();
  auto parts = std::make_unique<Parts>();
  const auto& name = command.front();
  const auto path = name.find('/') == name.npos ? bp::search_path(name) : boost::process::filesystem::path(name);
  if (path.empty()) {
    why = "no command of that name in PATH";
    return nullptr;
  }
  const std::vector<std::string> arguments(command.begin() + 1, command.end());
  // No handler runs where this process is killed; the system then kills what it has started.
  const SignalsHeld held;
  const auto die_with_parent = [&held, parent = getpid()](auto&) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    held.release();
  };
  std::error_code error;
  try {
    parts->child =
        bp::child(path, bp::args(arguments), bp::std_in<parts->input, bp::std_out> parts->output,
                  bp::std_err > parts->errors, parts->group, error, bp::extend::on_exec_setup(die_with_parent));
  } catch (const std::exception& failure) {
    why = failure.what();
    return nullptr;
  }
  if (error) {
    why = error.message();
    return nullptr;
  }
  running_group = parts->child.id();
  parts->listen();
  return std::unique_ptr<EngineProcess>(new EngineProcess(std::move(parts)));
}

EngineProcess::EngineProcess(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EngineProcess::~EngineProcess() {
  boost::system::error_code ignored;
  parts_->input.close(ignored);
  std::error_code error;
  for (int i = 0; i < 20 && parts_->child.running(error); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(i < 10 ? 1 : 10));
  }
  if (parts_->child.running(error)) parts_->group.terminate(error);
  running_group = 0;
  parts_->child.wait(error);
}

Exchange EngineProcess::exchange(std::string_view requests, std::size_t count, Duration limit,
                                 const std::function<void(std::string_view)>& take) {
  Parts& parts = *parts_;
  bool written = false;
  asio::async_write(parts.input, asio::buffer(requests),
                    [&](const boost::system::error_code&, std::size_t) { written = true; });
  Exchange outcome = Exchange::complete;
  const auto allowed = std::chrono::duration_cast<Clock::duration>(limit);
  for (std::size_t answered = 0; answered < count && outcome == Exchange::complete; ++answered) {
    const Clock::time_point asked = Clock::now();
    bool read = false;
    boost::system::error_code error;
    std::size_t size = 0;
    asio::async_read_until(parts.output, asio::dynamic_buffer(parts.unread, longest_answer), '\n',
                           [&](const boost::system::error_code& e, std::size_t n) {
                             read = true;
                             error = e;
                             size = n;
                           });
    if (!parts.run_until(asked + 2 * allowed, [&] { return read; })) {
      outcome = Exchange::silent;
      parts.output.cancel();
      parts.run_until(Clock::now() + std::chrono::seconds(1), [&] { return read; });
    } else if (error == asio::error::not_found) {
      outcome = Exchange::too_long;
    } else if (error) {
      outcome = parts.unread.empty() ? Exchange::ended : Exchange::truncated;
    } else {
      const bool is_late = Clock::now() - asked > allowed;
      take(std::string_view(parts.unread).substr(0, size - 1));
      parts.unread.erase(0, size);
      if (is_late) outcome = Exchange::late;
    }
  }
  if (!written) {
    parts.input.cancel();
    parts.run_until(Clock::now() + std::chrono::seconds(1), [&] { return written; });
  }
  return outcome;
}

std::optional<std::string> EngineProcess::how_it_ended() {
  std::error_code error;
  for (int i = 0; i < 100 && parts_->child.running(error); ++i) {
    parts_->run_until(Clock::now() + std::chrono::milliseconds(5), [] { return false; });
  }
  if (parts_->child.running(error)) return {};
  // What it wrote to standard error before it went.
  parts_->run_until(Clock::now() + std::chrono::milliseconds(20), [] { return false; });
  const int status = parts_->child.native_exit_code();
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(parts_->child.exit_code());
}

std::string EngineProcess::last_words() const {
  const std::string& words = parts_->words;
  return words.size() > most_last_words ? words.substr(words.size() - most_last_words) : words;
}

}  // namespace kvspec::fuzz
