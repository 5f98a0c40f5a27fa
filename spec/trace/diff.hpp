// Where two values differ, member by member.
//
// A path leads to the smallest parts that differ: managers[0].req_blocks["r1"][2], free_queue[3],
// events[0].block_hashes.size(). Entries that are keyed by a block, a request or a key of the index are compared key by
// key, and one that a side lacks is shown as "absent". Values that are only informative never differ.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/system.hpp"

namespace kvspec {

// `expected` and `actual` are the parts as print.hpp shows them. The path is empty if the values differ as a whole.
struct Difference {
  std::string path;
  std::string expected;
  std::string actual;

  bool operator==(const Difference&) const = default;
};

inline constexpr std::size_t default_max_differences = 16;

// At most `limit` differences in the order of the members; none if and only if expected == actual (or limit is 0).
std::vector<Difference> differences(const Config<Growing>& expected, const Config<Growing>& actual,
                                    std::size_t limit = default_max_differences);
std::vector<Difference> differences(const Command<Growing>& expected, const Command<Growing>& actual,
                                    std::size_t limit = default_max_differences);
std::vector<Difference> differences(const Observation<Growing>& expected, const Observation<Growing>& actual,
                                    std::size_t limit = default_max_differences);
std::vector<Difference> differences(const StateDump<Growing>& expected, const StateDump<Growing>& actual,
                                    std::size_t limit = default_max_differences);
std::vector<Difference> differences(const View<Growing>& expected, const View<Growing>& actual,
                                    std::size_t limit = default_max_differences);

// The first of them.
template <class T>
std::optional<Difference> first_difference(const T& expected, const T& actual) {
  std::vector<Difference> found = differences(expected, actual, 1);
  if (found.empty()) return {};
  return std::move(found.front());
}

// The part of an observation that is compared with another system's: what is informative may be there or not, and must
// not differ by that.
Observation<Growing> compared_part(Observation<Growing> observation);

// "free_queue[3]: expected 5, actual 7"
std::string to_text(const Difference& difference);

}  // namespace kvspec
