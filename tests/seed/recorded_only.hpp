// The cases that hold of the recorded system only: each states a defect, as the deviation says, and so must fail under
// the sound semantics. All others hold under both.
#pragma once

#include <string_view>

namespace kvspec::seed {

struct RecordedOnly {
  std::string_view name;       // of the case; every instance fails
  std::string_view deviation;  // id of the clause
};

inline constexpr RecordedOnly recorded_only[] = {
    {"test_cache_key_salting", "DEV-05"},  // the salt is a bare text in the hash
    {"recorded_digests", "DEV-05"},        // as are salt and LoRA name in the traces
    {"test_can_fit_full_sequence_full_attention_still_gates_oversized", "DEV-09"},  // refused, not rejected
};

// The deviation that a case rests on; empty if it holds under both semantics.
constexpr std::string_view deviation_of(std::string_view name) {
  for (const RecordedOnly& r : recorded_only) {
    if (r.name == name) return r.deviation;
  }
  return {};
}

}  // namespace kvspec::seed
