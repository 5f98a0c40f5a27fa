// An engine's process: it is given lines and gives lines back, within a time limit. It may die, hang or write anything
// at any time; whatever it does is a value here. It does not outlive this process, however that ends. One runs at a
// time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvspec::fuzz {

// Bytes; a line that is longer is not an answer.
inline constexpr std::size_t longest_answer = std::size_t{64} << 20;

// What became of an exchange.
enum class Exchange : std::uint8_t {
  complete,   // every line was answered
  late,       // an answer came after the time limit, and was handed over; the rest is not read
  silent,     // no answer in twice the limit
  truncated,  // the output ended within a line
  too_long,   // a line did not end within longest_answer
  ended,      // the output ended between lines
};

class EngineProcess {
 public:
  using Duration = std::chrono::duration<double>;

  // Starts the command; nothing if it cannot be started, with the reason in `why`.
  static std::unique_ptr<EngineProcess> start(const std::vector<std::string>& command, std::string& why);

  // Kills the process and those it has started, unless it ends by itself at once when its input is closed.
  ~EngineProcess();
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;

  // Writes the requests, each a line with its newline, and reads as many lines as there are requests. `take` is given
  // each line without its newline. The limit counts from the line before. Reading and writing happen side by side, so
  // that neither side waits for the other with full hands.
  Exchange exchange(std::string_view requests, std::size_t count, Duration limit,
                    const std::function<void(std::string_view)>& take);

  // How the process ended, in words ("exit code 3", "signal 11"); waits a moment for it. Nothing if it still runs.
  std::optional<std::string> how_it_ended();
  // The last lines of its standard error.
  std::string last_words() const;

 private:
  struct Parts;
  explicit EngineProcess(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kvspec::fuzz
