// The line on standard error that says where a session stands: one that moves on a terminal, one every few seconds
// elsewhere.
#pragma once

#include <chrono>
#include <string_view>

namespace kvspec::fuzz {

class ProgressLine {
 public:
  ProgressLine();

  // The session begins now.
  void begin();
  // Since it began.
  double seconds() const;
  // Whether the last line is long enough ago.
  bool is_due() const;
  void show(std::string_view text);
  // Makes room for something else that is printed.
  void clear() const;
  // Shows the final numbers.
  void finish(std::string_view text) const;

 private:
  void print(std::string_view text, std::string_view end) const;

  std::chrono::steady_clock::time_point start_{};
  bool terminal_;
  double next_ = 0;
};

}  // namespace kvspec::fuzz
