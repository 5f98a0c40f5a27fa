// Where in a value something is, e.g. managers[0].req_blocks["r1"][2]. Made cheap to keep while walking; the text is
// composed only when there is something to say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/trace/text.hpp"

namespace kvspec {

class Path {
 public:
  // Leaves the path when it goes out of scope.
  class [[nodiscard]] Step {
   public:
    explicit Step(Path& path) : path_(path) {}
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { path_.segments_.pop_back(); }

   private:
    Path& path_;
  };

  explicit Path(std::string root = {}) : root_(std::move(root)) {}

  // Names and keys are not copied: they must live as long as the step.
  Step member(std::string_view name) { return step({Kind::member, name, 0}); }
  Step key(std::string_view key) { return step({Kind::key, key, 0}); }
  Step element(std::size_t index) { return step({Kind::element, {}, index}); }

  bool empty() const { return root_.empty() && segments_.empty(); }

  std::string text() const {
    std::string out = root_;
    for (const Segment& segment : segments_) {
      switch (segment.kind) {
        case Kind::member:
          if (!out.empty()) out += '.';
          out += segment.name;
          break;
        case Kind::key:
          out += '[' + quote(segment.name, max_key_bytes) + ']';
          break;
        case Kind::element:
          out += '[' + std::to_string(segment.index) + ']';
          break;
      }
    }
    return out;
  }

 private:
  enum class Kind { member, key, element };
  struct Segment {
    Kind kind;
    std::string_view name;
    std::size_t index;
  };

  // Longer than any key of a block (64 digits of hash, 8 of group), so that only foreign text is cut.
  static constexpr std::size_t max_key_bytes = 80;

  Step step(Segment segment) {
    segments_.push_back(segment);
    return Step(*this);
  }

  std::string root_;
  std::vector<Segment> segments_;
};

}  // namespace kvspec
