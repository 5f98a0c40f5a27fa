#include <fmt/format.h>

#include <optional>
#include <utility>

#include "model/oracle/c_api/boundary.hpp"
#include "spec/trace/diff.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/responsible_clause.hpp"
#include "spec/trace/text.hpp"

using namespace kvspec;
using namespace kvspec::c_api;

kvspec_status kvspec_compare(const char* in, const char* expected, const char* actual, kvspec_error* error) {
  if (in == nullptr) return invalid(error, "in is NULL");
  if (expected == nullptr) return invalid(error, "expected is NULL");
  if (actual == nullptr) return invalid(error, "actual is NULL");
  return guarded(error, [&] {
    const Decoded<Command<Growing>> command = command_from_json(in);
    if (!command) return bad_text(error, "in", command.error());
    Decoded<Observation<Growing>> left = observation_from_json(expected, command.value());
    if (!left) return bad_text(error, "expected", left.error());
    Decoded<Observation<Growing>> right = observation_from_json(actual, command.value());
    if (!right) return bad_text(error, "actual", right.error());
    const std::optional<Difference> found =
        first_difference(compared_part(std::move(left.value())), compared_part(std::move(right.value())));
    if (!found) return succeed(error);
    const Clause clause = clause_of_observation(command.value(), found->path);
    return fail(error, KVSPEC_DIFFERENT, clause,
                fmt::format("{} [{}]", printable(to_text(*found), max_error_bytes), describe(clause).id));
  });
}
