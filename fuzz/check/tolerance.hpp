// The freedoms that an engine is granted. [MODE-01 .. MODE-05]
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvspec::fuzz {

struct Tolerance {
  bool ids = false;        // block ids up to a renaming [MODE-01]
  bool order = false;      // and any order among free blocks that hold nothing; implies ids [MODE-02]
  bool no_events = false;  // [MODE-03]
  bool no_hashes = false;  // implies no events [MODE-04]
  bool eviction = false;   // any choice of the cached block that makes room; implies order [MODE-05]

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
      } else if (mode == "no-hashes") {
        tolerance.no_events = tolerance.no_hashes = true;
      } else if (mode == "eviction") {
        tolerance.ids = tolerance.order = tolerance.eviction = true;
      } else if (mode != "exact") {
        return {};
      }
      modes = comma == modes.npos ? std::string_view() : modes.substr(comma + 1);
    }
    return tolerance;
  }

  // As from_text reads it.
  std::string to_text() const {
    std::string text = eviction ? "eviction" : order ? "order" : ids ? "ids" : "";
    const std::string_view rest = no_hashes ? "no-hashes" : no_events ? "no-events" : "";
    if (!text.empty() && !rest.empty()) text += ',';
    text += rest;
    return text.empty() ? "exact" : text;
  }
};

}  // namespace kvspec::fuzz
