// The freedoms that an engine is granted. [MODE-01 .. MODE-03]
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvspec::fuzz {

struct Tolerance {
  bool ids = false;        // block ids up to a renaming [MODE-01]
  bool order = false;      // and any order among free blocks that hold nothing; implies ids [MODE-02]
  bool no_events = false;  // [MODE-03]

  // From a list of modes with commas; nothing if one is unknown.
  static std::optional<Tolerance> from_text(std::string_view modes) {
    Tolerance tolerance{};
    while (!modes.empty()) {
      const std::size_t comma = modes.find(',');
      const std::string_view mode = modes.substr(0, comma);
      if (mode == "ids") {
        tolerance.ids = true;
      } else if (mode == "order") {
        tolerance.ids = tolerance.order = true;
      } else if (mode == "no-events") {
        tolerance.no_events = true;
      } else if (mode != "exact") {
        return {};
      }
      modes = comma == modes.npos ? std::string_view() : modes.substr(comma + 1);
    }
    return tolerance;
  }

  // As from_text reads it.
  std::string to_text() const {
    std::string text = order ? "order" : ids ? "ids" : "";
    if (no_events) text += text.empty() ? "no-events" : ",no-events";
    return text.empty() ? "exact" : text;
  }
};

}  // namespace kvspec::fuzz
